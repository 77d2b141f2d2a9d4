"""Findings about schedules: what would never run again, and what nobody ticks. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gopher_cli.model.findings import TROUBLES, Finding, Severity
from gopher_cli.model.schedule.schedule_state import ScheduleRow
from gopher_cli.model.text.duration import format_duration
from gopher_cli.model.views.stats import WorkerInfo

LATE = 60.0  # seconds: whoever ticks is that late only where nobody does
LOST, ORPHANED = "schedules without a tick", "ticks without a schedule"
_UNREADABLE, _NOBODY = "schedules that cannot be read", "ticks that nobody makes"
_SHOWN = 5


class Planned(NamedTuple):
    """The schedules of a queue, the names under which ticks stand, and Redis's time (ms)."""

    queue: str
    rows: Sequence[ScheduleRow]
    ticks: Sequence[str]
    now: int

    @property
    def lost(self) -> list[str]:
        """Those that should have a tick, and have none."""
        return [row.name for row in self.rows if row.state == "over" and _goes_on(row, self.now)]

    @property
    def orphaned(self) -> list[str]:
        """Ticks of schedules that are not there."""
        return sorted(set(self.ticks) - {row.name for row in self.rows})


def _goes_on(row: ScheduleRow, now: int) -> bool:
    schedule = row.schedule
    if schedule is None or (schedule.run_limit and row.standing.ran >= schedule.run_limit):
        return False
    return schedule.first_after(max(now, row.standing.last) / 1000) is not None


def schedule_findings(planned: Planned, alive: Sequence[WorkerInfo]) -> list[Finding]:
    """All that is to be said of the schedules of a queue."""
    unreadable = [row.name for row in planned.rows if row.state == "unreadable"]
    late = [row for row in planned.rows if row.state == "active" and _lateness(row, planned.now) > LATE]
    paused = [row for row in planned.rows if row.standing.pause]
    findings = [
        _trouble(_UNREADABLE, planned.queue, unreadable),
        _trouble(_NOBODY, planned.queue, [row.name for row in late]),
        _trouble(LOST, planned.queue, planned.lost),
        _trouble(ORPHANED, planned.queue, planned.orphaned),
        _note(
            "paused schedules", planned.queue, [_paused(row, planned.now) for row in paused],
            "nothing of them runs", f"gopher schedule resume NAME -Q {planned.queue}",
        ),
        _note(
            "schedules without a handler", planned.queue, _unhandled(planned, alive),
            "no living worker of the queue handles their types", "gopher types shows what is served",
        ),
        _note(
            "schedules that no code declares any more", planned.queue, undeclared(planned.rows, alive),
            "the code of the workers had declared them, and goes on without them",
            f"gopher schedule rm NAME -Q {planned.queue}",
        ),
    ]  # fmt: skip
    return [finding for finding in findings if finding]


def undeclared(rows: Iterable[ScheduleRow], alive: Sequence[WorkerInfo]) -> list[str]:
    """Of those that code has set: which no living worker declares, where one lives that serves the queue."""
    names = []
    for row in rows:
        serving = [worker for worker in alive if row.queue in worker.queues]
        is_of_code = row.schedule is not None and row.schedule.origin == "app"
        if is_of_code and serving and not any(row.name in worker.schedules for worker in alive):
            names.append(row.name)
    return names


def _unhandled(planned: Planned, alive: Sequence[WorkerInfo]) -> list[str]:
    serving = [worker for worker in alive if planned.queue in worker.queues]
    known = {type for worker in serving for type in worker.types}
    rows = [row for row in planned.rows if row.schedule and row.state == "active"]
    return [row.name for row in rows if alive and row.schedule and row.schedule.spec.type not in known]


def _lateness(row: ScheduleRow, now: int) -> float:
    return (now - row.next) / 1000 if row.next is not None else 0.0


def _paused(row: ScheduleRow, now: int) -> str:
    pause = row.standing.pause
    assert pause
    since = format_duration(max(0.0, (now - pause.at) / 1000))
    return f"{row.name} for {since}" + (f" by {pause.by}" if pause.by else "") + _reason(pause.reason)


def _reason(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _trouble(name: str, queue: str, names: Sequence[str]) -> Finding | None:
    if not names:
        return None
    trouble = TROUBLES[name]
    return Finding(
        section="data", name=name, severity=trouble.severity, meaning=trouble.meaning, queue=queue,
        count=len(names), examples=tuple(names[:_SHOWN]), fix=trouble.fix, mends=trouble.mends,
    )  # fmt: skip


def _note(name: str, queue: str, names: Sequence[str], meaning: str, fix: str) -> Finding | None:
    if not names:
        return None
    return Finding(
        section="fleet", name=name, severity=Severity.NOTE, meaning=meaning, queue=queue, count=len(names),
        examples=tuple(names[:_SHOWN]), fix=fix,
    )  # fmt: skip
