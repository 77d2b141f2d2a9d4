"""Suspects: jobs that were lost so often that one more loss is their end. Each runs in a process of its own.

One at a time in the whole worker, with all its processes: whatever takes that down takes one of them along.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.outcome import Snoozed
from gopher_cli.worker.execution.attempt import Attempt

_LATER = (1.0, 5.0)  # seconds: where many wait, one of them is there whenever the turn is free


def put_off() -> Snoozed:
    """For later, or for another worker: one runs already."""
    return Snoozed(random.uniform(*_LATER), begun=False)


async def launched(gopher: Gopher, launch: Callable[[Attempt], None], attempt: Attempt) -> bool:
    """Its process may begin it now: if this worker dies from here on, that counts. False if it must not.

    A suspect may take its worker down at once: Redis knows that it has begun before it does.
    """
    if attempt.suspect and not await _still_ours(gopher, attempt):
        return False
    launch(attempt)
    return True


async def _still_ours(gopher: Gopher, attempt: Attempt) -> bool:
    try:
        renewal = await gopher.renew(attempt.lease.queue, attempt.lease.worker, [attempt.lease.id])
    except GopherError:
        return False
    return attempt.lease.id not in renewal.lost
