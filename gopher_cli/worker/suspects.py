"""Suspects: jobs that were lost so often that one more loss is their end. Each runs in a process of its own.

One at a time in the whole worker, with all its processes: whatever takes that down takes one of them along.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job import JobState, Lease
from gopher_cli.model.outcome import Interrupted, Outcome, Transition
from gopher_cli.store.calls import Settlement
from gopher_cli.worker.run import Run

if TYPE_CHECKING:
    from gopher_cli.worker.seats import Seats

_LATER = (1.0, 5.0)  # seconds: where many wait, one of them is there whenever the turn is free


def put_off(lease: Lease) -> Settlement:
    """For later, or for another worker: one runs already."""
    return Settlement(lease, Transition(JobState.SCHEDULED, random.uniform(*_LATER), spent=False))


async def performed(
    gopher: Gopher, seats: Seats, run: Run, perform: Callable[[Run], Awaitable[Outcome]]
) -> Outcome:
    """A suspect may take its worker down at once: Redis knows that it has begun before it does."""
    if not run.suspect:
        return await perform(run)
    try:
        said = await gopher.renew(run.lease.queue, run.lease.worker, [run.lease.id])
    except GopherError:
        return Interrupted()
    if run.lease.id in said.lost:
        return Interrupted()
    return await perform(run) if seats.begin(run) else Interrupted()
