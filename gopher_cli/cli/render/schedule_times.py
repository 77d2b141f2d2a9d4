"""Schedules in words and times: when they recur, as people say it, and moments in their time zone."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.schedule.recurrence import BadSchedule, Recurrence
from gopher_cli.model.text.local_time import local_time, parse_local

if TYPE_CHECKING:
    from gopher_cli.model.schedule.schedule_state import ScheduleRow
    from gopher_cli.verbs.protocol import Verbs


def place_of(when: Recurrence) -> tzinfo:
    """Its time zone; UTC for an interval, whose instants are counted there. Raises BadSchedule."""
    return zone_of(when.tz or "UTC")


def zone_of(name: str) -> tzinfo:
    """Raises BadSchedule for one that is not known here."""
    from gopher_cli.model.schedule.zone import parse_zone

    try:
        return parse_zone(name)
    except ValueError as error:
        raise BadSchedule("tz", f"--tz: {error}") from None


def moment_of(option: str, text: str | None, place: tzinfo) -> float | None:
    """Seconds since the epoch; without a zone the text is a time of this place. Raises Usage."""
    try:
        return None if text is None else parse_local(text, place)
    except ValueError as error:
        raise Usage(f"{option}: {error}") from None


def local(ms: int, when: Recurrence | None) -> str:
    """Epoch ms as RFC 3339 in the zone of a schedule; in UTC where that is not known."""
    from datetime import UTC

    try:
        place: tzinfo = place_of(when) if when else UTC
    except BadSchedule:
        place = UTC
    return local_time(ms / 1000, place)


async def schedule_of(gopher: Verbs, name: str, queue: str | None) -> ScheduleRow:
    """The one that is called so. Raises Ambiguous, or NotFound that names one which is called nearly so."""
    from gopher_cli.cli.shell.suggestions import nearest

    try:
        return await gopher.schedule_row(name, queue or "")
    except NotFound as error:
        rows = await gopher.schedules()
        near = nearest(name, [row.name for row in rows if not queue or row.queue == queue])
        raise NotFound(f"{error}; did you mean {near}?" if near else str(error), error.hint) from None


def described(row: ScheduleRow) -> str:
    """When it is due, in words; or why that cannot be said here."""
    from gopher_cli.model.schedule.schedule_view import describe

    return describe(row.schedule) if row.schedule else row.problem


def ticks_of(row: ScheduleRow) -> list[tuple[str, str]]:
    """A mark and a word for each of its last ticks, the newest last."""
    return [
        _MARKS.get(state, ("·", "ran")) if entry.made else _OTHERS[entry.outcome]
        for entry in reversed(row.standing.history)
        if entry.made or entry.outcome in _OTHERS
        for state in (row.jobs.get(entry.detail, ""),)
    ]


_OTHERS = {"skipped": ("-", "skipped"), "missed": ("!", "missed")}
_MARKS = {
    "completed": ("●", "completed"), "failed": ("✗", "failed"), "cancelled": ("✗", "cancelled"),
    **{state: ("○", state) for state in ("enqueued", "scheduled", "blocked", "processing", "retrying")},
}  # fmt: skip
