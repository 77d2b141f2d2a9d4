"""How schedules stand: what became of their ticks, and what operators see of them."""

from __future__ import annotations

import msgspec

from gopher_cli.model.schedule.schedule import Schedule


class HistoryEntry(msgspec.Struct, frozen=True):
    """One entry of a history: what became of an instant, or of ``count`` of them up to ``last``.

    ``outcome``: ran, manual (by hand), skipped, missed, paused or resumed. ``detail``: the job that was made,
    or who kept it from running. Times are epoch ms; ``at`` is when it was noted.
    """

    instant: int
    outcome: str
    count: int
    last: int
    at: int
    detail: str

    @property
    def made(self) -> bool:
        """Whether ``detail`` is a job of it."""
        return self.outcome in ("ran", "manual")


class Pause(msgspec.Struct, frozen=True):
    """Since when a schedule is paused (epoch ms), by whom and why."""

    at: int
    by: str = ""
    reason: str = ""


class Standing(msgspec.Struct, frozen=True):
    """How a schedule stands: counts, until when (epoch ms) everything is accounted for, its last job.

    ``completed`` is when a job of it has last completed (epoch ms; 0: never).
    """

    ran: int = 0
    skipped: int = 0
    missed: int = 0
    last: int = 0
    job: str = ""
    completed: int = 0
    pause: Pause | None = None
    history: tuple[HistoryEntry, ...] = ()


class ScheduleRow(msgspec.Struct, frozen=True):
    """A schedule as operators see it. ``next`` is its next instant (epoch ms; None without one).

    ``state``: active, paused, over, or unreadable: then there is no ``schedule``, and ``problem`` says why.
    ``jobs``: the states of those jobs of its history that its queue still knows. ``revision``: since when its
    definition is so (epoch ms); it grows with each change.
    """

    name: str
    queue: str
    state: str
    next: int | None = None
    schedule: Schedule | None = None
    standing: Standing = Standing()
    problem: str = ""
    jobs: dict[str, str] = {}
    revision: int = 0


class ScheduleChange(msgspec.Struct, frozen=True):
    """What setting a schedule came to: created, changed or unchanged; its next instant (epoch ms) and job.

    ``state`` as in ScheduleRow; of one that is paused or over there is no ``next``, and ``job_id`` is the job
    that would be next, or the last one. ``since`` is since when the definition is so (epoch ms).
    """

    name: str
    queue: str
    change: str
    next: int | None
    job_id: str
    state: str = "active"
    since: int = 0


class Backfill(msgspec.Struct, frozen=True):
    """The jobs of past instants: those that were made, and those that were known before."""

    made: tuple[str, ...]
    known: tuple[str, ...] = ()


class Ticks(msgspec.Struct):
    """What a look at the ticks of a queue came to. ``made``: ids of jobs; ``paused``: schedules that have
    paused themselves; ``problems``: by schedule, why it cannot be ticked here."""

    made: list[str] = []
    paused: list[str] = []
    problems: dict[str, str] = {}
