"""What `gopher stats` and `workers` tell: values to render, in SI units and epoch ms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Percentiles in seconds; None where nothing ended in the window."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStats:
    """Ended attempts in the last 1m, 5m, 1h or 24h."""

    window: str
    completed: int
    retried: int
    failed: int
    per_second: float
    success_rate: float | None
    run: Timing
    wait: Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeStats:
    type: str
    windows: list[WindowStats]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """``states`` counts jobs by state, ``classes`` those in line by priority class.

    ``unhandled`` are enqueued jobs that no worker had a handler for, by type.
    """

    queue: str
    paused: bool
    states: dict[str, int]
    classes: dict[str, int]
    oldest_age_seconds: float | None
    class_ages: dict[str, float]
    counters: dict[str, int]
    outbox: int
    unhandled: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """One worker as it last described itself. ``current`` lists {id, type, queue, seconds} of the oldest that
    run; ``stuck`` those that were given up and run on: no seat of it is theirs any more.
    ``youngest_seconds`` is how long the job runs that it has begun last; 0 where none runs.
    ``schedules`` are the names of those that its code declares."""

    id: str
    host: str
    pid: int
    version: str
    state: str
    alive: bool
    last_heard_seconds: float
    uptime_seconds: float
    queues: list[str]
    types: list[str]
    slots: int
    busy: int
    processes: int
    rss_bytes: int
    cpu_percent: float
    completed: int
    failed: int
    current: list[dict[str, Any]] = field(default_factory=list)
    stuck: list[dict[str, Any]] = field(default_factory=list)
    name: str = ""
    youngest_seconds: float = 0.0
    schedules: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """How people speak of it: the name that it was given, or its place."""
        return self.name or f"{self.host}:{self.pid}"


def labels(workers: Sequence[WorkerInfo]) -> dict[str, str]:
    """By id how to speak of each; where several have one name, with their places."""
    names = Counter(worker.label for worker in workers)
    return {
        one.id: f"{one.label} ({one.host}:{one.pid})" if names[one.label] > 1 else one.label
        for one in workers
    }


def running_types(workers: Sequence[WorkerInfo]) -> str:
    """What they run, most of it first: with counts, where they tell of every job."""
    jobs = [job for worker in workers for job in worker.current]
    most = Counter(str(job.get("type", "?")) for job in jobs).most_common(3)
    whole = len(jobs) == sum(worker.busy for worker in workers)
    return ", ".join(f"{count} {type}" if whole else type for type, count in most)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedWorker:
    """A worker that was given an order. ``state`` is from before it; ``changed`` is false where it was so."""

    id: str
    worker: str
    order: str
    state: str
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """``persistence`` in words, such as "aof everysec". ``full``: submits are refused for want of memory."""

    address: str
    name: str
    version: str
    memory_bytes: int
    memory_limit_bytes: int
    policy: str
    clients: int
    uptime_seconds: int
    round_trip_seconds: float
    persistence: str
    full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """All of it, and the flat totals that simple clients want. ``unreadable`` queues have foreign keys."""

    at: str
    pending: int
    running: int
    completed: int
    failed: int
    total: int
    scheduled: int
    retrying: int
    blocked: int
    cancelled: int
    backlog: int
    oldest_age_seconds: float | None
    queues: list[QueueStats]
    windows: list[WindowStats]
    types: list[TypeStats]
    per_minute: list[int]
    workers: list[WorkerInfo]
    server: ServerInfo
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Attempts that ended: a second, over five minutes; and in each whole minute of the last hour."""

    per_second: float
    per_minute: list[int]
