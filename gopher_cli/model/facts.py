"""What happened, as frozen facts. Logs, metrics and traces listen; nothing in the core knows who does."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gopher_cli.model.job.job import Job


class JobsSubmitted(msgspec.Struct, frozen=True):
    jobs: list[Job]


class QueuePaused(msgspec.Struct, frozen=True):
    queue: str
    paused: bool


class WorkerOrdered(msgspec.Struct, frozen=True):
    """An operator has told a worker to be quiet, to resume or to stop."""

    worker: str
    order: str


class JobsRequeued(msgspec.Struct, frozen=True):
    queue: str
    ids: list[str]


class JobsRescheduled(msgspec.Struct, frozen=True):
    """They wait for another moment now."""

    queue: str
    ids: list[str]


class JobsPurged(msgspec.Struct, frozen=True):
    queue: str
    state: str
    count: int


class JobsReclaimed(msgspec.Struct, frozen=True):
    """Jobs of dead workers: (id, new state, worker)."""

    queue: str
    jobs: list[tuple[str, str, str]]


Event = (
    JobsSubmitted | QueuePaused | WorkerOrdered | JobsRequeued | JobsRescheduled | JobsPurged | JobsReclaimed
)
Listener = Callable[[Event], None]
