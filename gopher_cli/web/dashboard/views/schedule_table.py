"""Schedules as pages show them: their last run, what became of their ticks, how they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gopher_cli.model.schedule.schedule import ON_TIME
from gopher_cli.model.schedule.schedule_state import HistoryEntry, ScheduleRow
from gopher_cli.model.schedule.schedule_view import describe
from gopher_cli.model.text.humanize import number
from gopher_cli.web.dashboard.views.template_filters import clock

TICKS = 20  # that a history keeps
_FORGOTTEN = "forgotten"  # of a job that its queue does not know any more
_MARKS = ("paused", "resumed", "restarted")  # of a history: no instant is due then


@dataclass(frozen=True, slots=True)
class Tick:
    """An entry of a history. ``kind`` is for the style sheet: a state of a job, or an outcome."""

    entry: HistoryEntry
    kind: str
    words: str

    @property
    def is_due(self) -> bool:
        return self.kind not in _MARKS

    @property
    def title(self) -> str:
        """With its moment."""
        entry = self.entry
        until = f" to {clock(entry.last)}" if entry.count > 1 and entry.last != entry.instant else ""
        return f"{clock(entry.instant or entry.at)}{until}: {self.words}"


@dataclass(frozen=True, slots=True)
class Run:
    """The last job of a schedule; ``at`` (epoch ms) is 0 where the history has lost it."""

    id: str
    state: str
    at: int


@dataclass(frozen=True, slots=True)
class Line:
    """A schedule as a row of a table; ``ticks``: the newest first; ``late``: how many seconds it is due."""

    row: ScheduleRow
    words: str
    run: Run | None
    ticks: Sequence[Tick]
    late: float

    @property
    def told(self) -> str:
        """Its ticks as a sentence."""
        return _told(self.ticks)


def line_of(row: ScheduleRow, now: int) -> Line:
    words = describe(row.schedule) if row.schedule else ""
    ticks = [_tick(entry, row.jobs) for entry in row.standing.history[:TICKS]]
    return Line(row, words, _last_run(row), ticks, _late(row, now))


def _tick(entry: HistoryEntry, jobs: dict[str, str]) -> Tick:
    if not entry.made:
        count = f" {number(entry.count)} times" if entry.count > 1 else ""
        return Tick(entry, entry.outcome, f"{entry.outcome}{count}")
    state = jobs.get(entry.detail, _FORGOTTEN)
    words = "ran, its job is not kept any more" if state == _FORGOTTEN else state
    return Tick(entry, state, f"{words}, by hand" if entry.outcome == "manual" else words)


def _last_run(row: ScheduleRow) -> Run | None:
    if not (id := row.standing.job):
        return None
    entry = next((item for item in row.standing.history if item.made and item.detail == id), None)
    return Run(id, row.jobs.get(id, ""), entry.instant or entry.at if entry else 0)


def _late(row: ScheduleRow, now: int) -> float:
    """How long its next instant is over, where that is longer than a tick takes."""
    if row.next is None or row.state == "paused" or now - row.next <= ON_TIME * 1000:
        return 0.0
    return (now - row.next) / 1000


def _told(ticks: Sequence[Tick]) -> str:
    counts = Counter[str]()
    for tick in ticks:
        if tick.is_due:
            counts["no longer known" if tick.kind == _FORGOTTEN else tick.kind] += tick.entry.count
    if not counts:
        return "No tick yet"
    some = ", ".join(f"{number(count)} {kind}" for kind, count in counts.most_common())
    return f"Last ticks: {some}. The newest: {ticks[0].words}"
