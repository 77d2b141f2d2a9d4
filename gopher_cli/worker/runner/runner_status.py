"""What a runner tells of itself."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from gopher_cli.worker.execution.attempt import Attempt
from gopher_cli.worker.messages import RunningJob

_MOST = 10


def oldest_of(running: Sequence[Attempt]) -> list[RunningJob]:
    """Those that have run for the longest, a few."""
    return about(sorted(running, key=lambda attempt: attempt.started)[:_MOST])


def youngest_of(running: Iterable[Attempt]) -> float:
    """For how long (s) the newest has run; 0 where none does."""
    now = time.monotonic()
    return round(now - max((attempt.started for attempt in running), default=now), 3)


def about(runs: Iterable[Attempt]) -> list[RunningJob]:
    """As the fleet knows running jobs."""
    now = time.monotonic()
    return [
        RunningJob(
            attempt.lease.id, attempt.lease.spec.type, attempt.lease.queue, round(now - attempt.started, 3)
        )
        for attempt in runs
    ]
