"""Ending a job whose process is blocked: in its name, because it cannot speak for itself any more."""

from __future__ import annotations

import random

from gopher_cli.gopher import Gopher
from gopher_cli.model.backoff import parse_backoff
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job import Lease
from gopher_cli.model.outcome import TimedOut, settle
from gopher_cli.store import calls
from gopher_cli.store.calls import Settlement
from gopher_cli.store.codec import decode_spec
from gopher_cli.worker.outcomes import record


async def settle_overdue(gopher: Gopher, runner: str, queue: str, id: str) -> None:
    """A timed-out attempt like any other: it is spent, and retried by its back-off."""
    try:
        found = await gopher.store.run(calls.inspect(gopher.keys(queue), id))
        if found is None or not found.record.token.startswith(f"{runner}:"):
            return
        spec = decode_spec(found.spec)
        lease = Lease(id, queue, found.record.token, found.record.attempts, found.record.losses, spec)
        outcome = TimedOut(spec.timeout)
        to = settle(
            outcome,
            attempt=lease.attempt,
            max_retries=spec.max_retries,
            backoff=parse_backoff(spec.options.backoff or gopher.defaults.backoff),
            chance=random.random(),
            retention=gopher.defaults.retention,
        )
        said = record(lease, outcome, to, spec.timeout, runner)
        await gopher.settle(runner, [Settlement(lease, to, said, int(spec.timeout * 1e6))])
    except GopherError:
        return  # the job counts a loss instead, when its runner is buried
