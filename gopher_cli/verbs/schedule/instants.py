"""Jobs of schedules that are not there: when they will be, or what has become of their instant."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from gopher_cli.model.errors import NotFound
from gopher_cli.model.hints import LIST_SCHEDULES
from gopher_cli.model.schedule.schedule_state import ScheduleRow
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.model.text.humanize import ago
from gopher_cli.store.asks import ask
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.schedule.schedule_rows import schedules_called

_ID = re.compile(r"([A-Za-z0-9_.-]{1,64}):([0-9]{8}T[0-9]{6}Z)")


async def missing_instant(core: Core, id: str, queue: str = "") -> NotFound | None:
    """Why this job is not there, where its id is that of an instant of a known schedule."""
    match = _ID.fullmatch(id)
    instant = _instant(match[2]) if match else None
    if match is None or instant is None:
        return None
    now = await core.store.ask(ask.time_ms())
    for row in await schedules_called(core, match[1], queue):
        if why := _why(row, instant * 1000, now):
            return NotFound(f"the job {id} is not there: {why}", LIST_SCHEDULES)
    return None


def _instant(text: str) -> int | None:
    try:
        return round(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _why(row: ScheduleRow, at: int, now: int) -> str:
    """All in epoch ms. Nothing where it was made once, and is not kept any more."""
    if at <= now and not (row.next and row.next <= at):
        return _what_became(row, at)
    schedule = f"the schedule {row.name}"
    if row.state != "active" or row.schedule is None:
        return f"{schedule} is {row.state}"
    if row.schedule.first_after(at // 1000 - 1) != at // 1000:
        return f"{schedule} has no instant at that time"
    return f"{schedule} makes it at {rfc3339(at)} ({ago(at, now)})"


def _what_became(row: ScheduleRow, at: int) -> str:
    for entry in row.standing.history:
        if entry.instant <= at <= max(entry.instant, entry.last):
            if entry.outcome == "missed":
                return "its instant was missed"
            if entry.outcome == "skipped":
                return f"its instant was skipped: {entry.detail} was unfinished"
    return ""
