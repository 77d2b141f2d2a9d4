"""Between schedules and the JSON of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gopher_cli.model.job.fields import given_in
from gopher_cli.model.job.job import Spec
from gopher_cli.model.job.make import make_options
from gopher_cli.model.schedule.recurrence import Recurrence
from gopher_cli.model.schedule.schedule import Schedule
from gopher_cli.model.schedule.schedule_state import HistoryEntry, Pause, ScheduleRow, Standing
from gopher_cli.model.schedule.schedule_view import JOB_FIELDS
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.model.text.humanize import ms_of

_WHEN = ("cron", "tz", "every", "offset", "times", "jitter")
_POLICY = ("overlap", "catchup", "within", "pause_after")


def body_of(schedule: Schedule) -> dict[str, Any]:
    """The whole definition, as PUT takes it."""
    return _work_of(schedule) | _when_of(schedule)


def recurring_of(schedule: Schedule) -> dict[str, Any]:
    """The same as a job that recurs."""
    when = _when_of(schedule) | {"name": schedule.name}
    return _work_of(schedule) | {"queue": schedule.queue, "recurring": when}


def _work_of(schedule: Schedule) -> dict[str, Any]:
    spec = schedule.spec
    work: dict[str, Any] = {"type": spec.type, "payload": spec.payload}
    return work | {field.name: value for field, value in given_in(spec)}


def _when_of(schedule: Schedule) -> dict[str, Any]:
    when = schedule.when
    said = {name: getattr(when, name) for name in _WHEN} | {name: getattr(schedule, name) for name in _POLICY}
    for name, seconds in (("from", when.start), ("until", when.until)):
        said[name] = rfc3339(round(seconds * 1000)) if seconds else None
    return {name: value for name, value in said.items() if value}


def row_of(whole: Mapping[str, msgspec.Raw]) -> ScheduleRow:
    """``whole`` is a view field by field: the payload keeps the digits of its numbers."""
    said = {name: msgspec.json.decode(raw) for name, raw in whole.items() if name != "payload"}
    history = tuple(_entry_of(one) for one in said["history"])
    states = [(one["job_id"], one["state"]) for one in (*said["history"], said["last_run"] or {}) if one]
    pause = said["paused"]
    standing = Standing(
        ran=said["runs"], skipped=said["skipped"], missed=said["missed"],
        job=said["last_run"]["job_id"] if said["last_run"] else "",
        completed=ms_of(said["last_completed"]),
        pause=Pause(ms_of(pause["at"]), pause["by"], pause["reason"]) if pause else None, history=history,
    )  # fmt: skip
    return ScheduleRow(
        name=said["name"], queue=said["queue"], state=said["state"], next=ms_of(said["next_run"]) or None,
        schedule=_schedule_of(said, whole["payload"]) if said["type"] is not None else None,
        standing=standing, problem=said["problem"] or "",
        jobs={id: state for id, state in states if id and state},
        revision=ms_of(said["updated_at"]),
    )  # fmt: skip


def _schedule_of(said: Mapping[str, Any], payload: msgspec.Raw) -> Schedule:
    options = make_options(**{field.name: said[field.name] for field in JOB_FIELDS if field.is_optional})
    spec = Spec(
        said["type"], msgspec.Raw(bytes(payload)), said["priority"], said["max_retries"], said["timeout"],
        options,
    )  # fmt: skip
    when = Recurrence(
        **{name: said[name] for name in _WHEN if said[name]},
        start=ms_of(said["from"]) / 1000, until=ms_of(said["until"]) / 1000,
    )  # fmt: skip
    left = said["runs_left"]
    return Schedule(
        name=said["name"], queue=said["queue"], spec=spec, when=when,
        **{name: said[name] for name in _POLICY if said[name]}, origin=said["origin"] or "",
        by=said["by"] or "", run_limit=0 if left is None else said["runs"] + left,
    )  # fmt: skip


def _entry_of(said: Mapping[str, Any]) -> HistoryEntry:
    detail = said["job_id"] or said["held_by"] or said["reason"] or ""
    times = (ms_of(said[name]) for name in ("instant", "until", "at"))
    instant, last, at = times
    return HistoryEntry(instant, said["outcome"], said["count"], last, at, detail)
