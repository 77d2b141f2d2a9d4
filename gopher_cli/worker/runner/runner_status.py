"""What a runner tells of itself."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from gopher_cli.worker.execution.attempt import Run
from gopher_cli.worker.messages import RunningJob

_MOST = 10


def oldest_of(running: Sequence[Run]) -> list[RunningJob]:
    """Those that have run for the longest, a few."""
    return about(sorted(running, key=lambda run: run.started)[:_MOST])


def youngest_of(running: Iterable[Run]) -> float:
    """For how long (s) the newest has run; 0 where none does."""
    now = time.monotonic()
    return round(now - max((run.started for run in running), default=now), 3)


def about(runs: Iterable[Run]) -> list[RunningJob]:
    """As the fleet knows running jobs."""
    now = time.monotonic()
    return [
        RunningJob(run.lease.id, run.lease.spec.type, run.lease.queue, round(now - run.started, 3))
        for run in runs
    ]
