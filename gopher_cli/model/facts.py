"""Facts: what verbs have done. Each is told once: listeners hear it, and the audit keeps operations.

What happens to jobs as they run is told by the scripts of the store: see `model/events.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gopher_cli.model.job.job import Job
from gopher_cli.model.text.timestamp import Instant


class Operation(msgspec.Struct, frozen=True):
    """What an operator does is done, or as much of it as could be.

    ``changed`` counts jobs, queues, workers, schedules or keys. ``ids`` names those jobs or workers that it
    was done to, where the operator has named them and it came to its end; else they are only counted.
    """

    action: str
    target: str
    changed: int = 1
    detail: str = ""
    ids: tuple[str, ...] = ()


class AuditEntry(msgspec.Struct, frozen=True, rename={"at_ms": "at"}):
    """An operation as the audit keeps it: when it was done, and by whom."""

    id: str
    at_ms: Instant
    actor: str
    action: str
    target: str
    changed: int
    detail: str


class JobsSubmitted(msgspec.Struct, frozen=True):
    jobs: list[Job]


class JobsReclaimed(msgspec.Struct, frozen=True):
    """Jobs of dead workers: (id, new state, worker)."""

    queue: str
    jobs: list[tuple[str, str, str]]


Fact = Operation | JobsSubmitted | JobsReclaimed
Listener = Callable[[Fact], None]
