"""Ending a job whose process is blocked: in its name, because it cannot speak for itself any more."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from gopher_cli.gopher import Gopher
from gopher_cli.model.outcome import TimedOut
from gopher_cli.model.terms import Wishes, terms_of
from gopher_cli.store.calls import Verdict
from gopher_cli.worker.joblog import JobLog
from gopher_cli.worker.logs import say
from gopher_cli.worker.settlements import settlement_of


async def settle_overdue(
    gopher: Gopher, log: JobLog, runner: str, queue: str, id: str, wishes: Mapping[str, Wishes]
) -> None:
    """A timed-out attempt like any other: it is spent, told of, and retried by its back-off.

    ``wishes`` are those of the handlers, by type.
    """
    try:
        lease = await gopher.lease(queue, id, runner)
        if lease is None:
            return
        terms = terms_of(lease.spec, wishes.get(lease.spec.type), gopher.defaults)
        outcome = TimedOut(terms.timeout)
        settlement = settlement_of(lease, terms, outcome, terms.timeout, gopher.defaults.max_losses)
        (verdict,) = await gopher.settle(runner, [settlement])
        if verdict is Verdict.SETTLED:
            log.ended(lease, outcome, settlement.to, terms.timeout)
    except Exception as error:  # Redis is away, or the record cannot be read: the supervisor lives on
        # The job counts a loss instead, when its runner is buried.
        say("an overdue job could not be settled", logging.ERROR, id=id, why=repr(error))
