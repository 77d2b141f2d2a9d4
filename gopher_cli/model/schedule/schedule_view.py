"""The one public view of a schedule: what the command line, HTTP and remote programs show of it.

Times are RFC 3339, spans are seconds; null is what is not given, or has not happened.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from gopher_cli.model.job.fields import FIELDS
from gopher_cli.model.schedule.recurrence import Recurrence
from gopher_cli.model.schedule.schedule import Schedule
from gopher_cli.model.schedule.schedule_state import HistoryEntry, Pause, ScheduleRow
from gopher_cli.model.text.humanize import moment
from gopher_cli.model.text.json_text import exact_json


class RunView(msgspec.Struct, kw_only=True):
    """The last job of a schedule; `state` is null where its queue has forgotten it. `instant` is null for one
    that was made by hand so long ago that the history has lost it."""

    instant: str | None
    job_id: str
    state: str | None


class PauseView(msgspec.Struct, kw_only=True):
    """Since when it is paused, by whom and why."""

    at: str | None
    by: str
    reason: str


class EntryView(msgspec.Struct, kw_only=True):
    """What became of an instant, or of `count` of them from `instant` to `until`.

    `outcome`: ran, manual (by hand), skipped, missed, paused, resumed or restarted. `job_id` is the job that
    was made, `state` how it is now; `held_by` the unfinished job for whose sake it was skipped.
    """

    instant: str | None
    outcome: str
    count: int
    until: str | None
    at: str | None
    job_id: str | None
    state: str | None
    held_by: str | None
    reason: str | None


class ScheduleView(msgspec.Struct, kw_only=True, rename={"start": "from"}):
    """A schedule as everybody sees it. `state`: active, paused, over, or unreadable: then `problem` says why.

    `max_retries`, `timeout` and `backoff` are null where the handler's own count. `times` is how many runs
    there are at most; `within` how old a missed instant may be that still runs; `pause_after` how many dead
    runs in a row pause it. `updated_at` is when `by` has defined it so. `runs`, `skipped` and
    `missed` count its instants, `runs_left` those that `times` leaves.
    """

    name: str
    queue: str
    state: str
    description: str | None
    type: str | None
    payload: Any
    cron: str | None
    tz: str | None
    every: int | None
    offset: int | None
    start: str | None
    until: str | None
    times: int | None
    jitter: float | None
    overlap: str | None
    catchup: str | None
    within: float | None
    pause_after: int | None
    priority: int | None
    max_retries: int | None
    timeout: float | None
    backoff: str | None
    unique_key: str | None
    unique_for: float | None
    retention: float | None
    tags: list[str]
    headers: dict[str, str]
    origin: str | None
    by: str | None
    updated_at: str | None
    next_run: str | None
    last_run: RunView | None
    last_completed: str | None
    runs: int
    runs_left: int | None
    skipped: int
    missed: int
    paused: PauseView | None
    problem: str | None
    history: list[EntryView]


def view(row: ScheduleRow) -> ScheduleView:
    """All that is known of a schedule."""
    standing = row.standing
    return ScheduleView(
        name=row.name, queue=row.queue, state=row.state, updated_at=moment(row.revision),
        next_run=moment(row.next or 0), last_run=_last_run(row),
        last_completed=moment(standing.completed), runs=standing.ran, runs_left=_runs_left(row),
        skipped=standing.skipped, missed=standing.missed, paused=_pause(standing.pause),
        problem=row.problem or None,
        history=[_entry(entry, row.jobs) for entry in standing.history], **definition_view(row.schedule),
    )  # fmt: skip


def definition_view(schedule: Schedule | None) -> dict[str, Any]:
    """The fields of a view that say what the schedule is: those of no schedule for None."""
    if schedule is None:
        return dict.fromkeys(_DEFINITION) | {"tags": [], "headers": {}}
    when, spec = schedule.when, schedule.spec
    return {field.name: field.of(spec) for field in JOB_FIELDS} | {
        "description": describe(schedule), "type": spec.type,
        "payload": msgspec.Raw(exact_json(bytes(spec.payload))),
        "cron": when.cron or None, "tz": when.tz or None, "every": when.every or None,
        "offset": when.offset if when.every else None, "start": _of_seconds(when.start),
        "until": _of_seconds(when.until), "times": when.times or None, "jitter": when.jitter or None,
        "overlap": schedule.overlap, "catchup": schedule.catchup, "within": schedule.within or None,
        "pause_after": schedule.pause_after or None, "tags": list(spec.options.tags),
        "headers": spec.options.headers, "origin": schedule.origin or None, "by": schedule.by or None,
    }  # fmt: skip


_FIELDS = ScheduleView.__struct_fields__
_DEFINITION = _FIELDS[_FIELDS.index("description") : _FIELDS.index("by") + 1]
_OF_JOBS = _FIELDS[_FIELDS.index("priority") : _FIELDS.index("headers") + 1]
JOB_FIELDS = tuple(field for field in FIELDS if field.name in _OF_JOBS)  # of each of its jobs


def describe(schedule: Schedule) -> str:
    """When it runs, in plain English; the expression where it cannot be read here."""
    return describe_when(schedule.when, schedule.key)


def describe_when(when: Recurrence, key: str = "") -> str:
    """The same of a recurrence; ``key`` scatters an ``H``."""
    from gopher_cli.model.schedule import cron_words  # late, as is all that knows time zones
    from gopher_cli.model.schedule.cron import parse_cron

    if when.every:
        return cron_words.describe_every(when.every, when.offset)
    try:
        return cron_words.describe(parse_cron(when.cron, when.tz or "UTC", key))
    except ValueError:
        return f"{when.cron}, {when.tz}"


def _of_seconds(seconds: float) -> str | None:
    return moment(round(seconds * 1000))


def _last_run(row: ScheduleRow) -> RunView | None:
    """The newest of the history; or, where that tells of other things alone, what its id says."""
    if not (id := row.standing.job):
        return None
    entry = next((item for item in row.standing.history if item.detail == id and item.made), None)
    instant = moment(entry.instant) if entry else _instant_in(id)
    return RunView(instant=instant, job_id=id, state=row.jobs.get(id))


def _instant_in(id: str) -> str | None:
    """The instant that the id of a job names, as `compact` writes it."""
    try:
        instant = datetime.strptime(id.partition(":")[2], "%Y%m%dT%H%M%SZ")
    except ValueError:
        return None
    return _of_seconds(instant.replace(tzinfo=UTC).timestamp())


def _runs_left(row: ScheduleRow) -> int | None:
    limit = row.schedule.run_limit if row.schedule else 0
    return max(0, limit - row.standing.ran) if limit else None


def _pause(pause: Pause | None) -> PauseView | None:
    return PauseView(at=moment(pause.at), by=pause.by, reason=pause.reason) if pause else None


def _entry(entry: HistoryEntry, states: dict[str, str]) -> EntryView:
    return EntryView(
        instant=moment(entry.instant), outcome=entry.outcome, count=entry.count, until=moment(entry.last),
        at=moment(entry.at), job_id=entry.detail if entry.made else None,
        state=states.get(entry.detail) if entry.made else None,
        held_by=entry.detail if entry.outcome == "skipped" else None,
        reason=entry.detail if entry.outcome == "paused" and entry.detail else None,
    )  # fmt: skip
