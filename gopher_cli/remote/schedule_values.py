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
    body = {name: getattr(when, name) for name in _WHEN} | {name: getattr(schedule, name) for name in _POLICY}
    for name, seconds in (("from", when.start), ("until", when.until)):
        body[name] = rfc3339(round(seconds * 1000)) if seconds else None
    return {name: value for name, value in body.items() if value}


def row_of(whole: Mapping[str, msgspec.Raw]) -> ScheduleRow:
    """``whole`` is a view field by field: the payload keeps the digits of its numbers."""
    view = {name: msgspec.json.decode(raw) for name, raw in whole.items() if name != "payload"}
    history = tuple(_entry_of(entry) for entry in view["history"])
    states = [
        (entry["job_id"], entry["state"]) for entry in (*view["history"], view["last_run"] or {}) if entry
    ]
    pause = view["paused"]
    standing = Standing(
        ran=view["runs"], skipped=view["skipped"], missed=view["missed"],
        job=view["last_run"]["job_id"] if view["last_run"] else "",
        completed=ms_of(view["last_completed"]),
        pause=Pause(ms_of(pause["at"]), pause["by"], pause["reason"]) if pause else None, history=history,
    )  # fmt: skip
    return ScheduleRow(
        name=view["name"], queue=view["queue"], state=view["state"], next=ms_of(view["next_run"]) or None,
        schedule=_schedule_of(view, whole["payload"]) if view["type"] is not None else None,
        standing=standing, problem=view["problem"] or "",
        jobs={id: state for id, state in states if id and state},
        revision=ms_of(view["updated_at"]),
    )  # fmt: skip


def _schedule_of(view: Mapping[str, Any], payload: msgspec.Raw) -> Schedule:
    options = make_options(**{field.name: view[field.name] for field in JOB_FIELDS if field.is_optional})
    spec = Spec(
        view["type"], msgspec.Raw(bytes(payload)), view["priority"], view["max_retries"], view["timeout"],
        options,
    )  # fmt: skip
    when = Recurrence(
        **{name: view[name] for name in _WHEN if view[name]},
        start=ms_of(view["from"]) / 1000, until=ms_of(view["until"]) / 1000,
    )  # fmt: skip
    left = view["runs_left"]
    return Schedule(
        name=view["name"], queue=view["queue"], spec=spec, when=when,
        **{name: view[name] for name in _POLICY if view[name]}, origin=view["origin"] or "",
        by=view["by"] or "", run_limit=0 if left is None else view["runs"] + left,
    )  # fmt: skip


def _entry_of(view: Mapping[str, Any]) -> HistoryEntry:
    detail = view["job_id"] or view["held_by"] or view["reason"] or ""
    times = (ms_of(view[name]) for name in ("instant", "until", "at"))
    instant, last, at = times
    return HistoryEntry(instant, view["outcome"], view["count"], last, at, detail)
