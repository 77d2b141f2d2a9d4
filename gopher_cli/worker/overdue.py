"""Ending a job whose process is blocked: in its name, because it cannot speak for itself any more."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from gopher_cli.gopher import Gopher
from gopher_cli.model.job import Lease
from gopher_cli.model.outcome import TimedOut
from gopher_cli.model.terms import Wishes, terms_of
from gopher_cli.store import calls
from gopher_cli.store.calls import Settlement, Verdict
from gopher_cli.store.codec import decode_spec
from gopher_cli.worker.joblog import JobLog
from gopher_cli.worker.logs import say
from gopher_cli.worker.outcomes import decided, record


async def settle_overdue(
    gopher: Gopher, log: JobLog, runner: str, queue: str, id: str, wishes: Mapping[str, Wishes]
) -> None:
    """A timed-out attempt like any other: it is spent, told of, and retried by its back-off.

    ``wishes`` are those of the handlers, by type.
    """
    try:
        found = await gopher.store.run(calls.inspect(gopher.keys(queue), id))
        if found is None or not found.record.token.startswith(f"{runner}:"):
            return
        spec = decode_spec(found.spec)
        lease = Lease(id, queue, found.record.token, found.record.attempts, found.record.losses, spec)
        terms = terms_of(spec, wishes.get(spec.type), gopher.defaults)
        outcome = TimedOut(terms.timeout)
        to = decided(outcome, lease, terms)
        said = record(lease, outcome, to, terms.timeout, runner)
        (verdict,) = await gopher.settle(runner, [Settlement(lease, to, said, int(terms.timeout * 1e6))])
        if verdict is Verdict.SETTLED:
            log.ended(lease, outcome, to, terms.timeout)
    except Exception as error:  # Redis is away, or the record cannot be read: the supervisor lives on
        # The job counts a loss instead, when its runner is buried.
        say("an overdue job could not be settled", logging.ERROR, id=id, why=repr(error))
