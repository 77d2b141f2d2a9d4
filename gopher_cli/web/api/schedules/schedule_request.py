"""A schedule as it is asked for: in a body of its own, or with a job that recurs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import Job
from gopher_cli.model.schedule.recurrence import BadSchedule, Recurrence, make_recurrence
from gopher_cli.model.text.duration import parse_when
from gopher_cli.verbs.schedule.new_schedule import new_schedule
from gopher_cli.web.api.support.body import check_filled
from gopher_cli.web.api.support.job_request import Asked, contradiction, make, seconds_of, work_of
from gopher_cli.web.api.support.request_bodies import (
    BackfillRequest,
    JobRequest,
    PauseRequest,
    PreviewRequest,
    Recurring,
    ScheduleBody,
    ScheduleRequest,
)
from gopher_cli.web.api.support.strict_json import decode, fields_of, parse
from gopher_cli.web.server.problems import Problem, field

_SPANS = ("every", "offset", "jitter", "within")
_MOMENTS = {"start": "from", "until": "until"}
_PLAIN = ("tz", "times", "overlap", "catchup", "pause_after")
_FIELDS = {"": fields_of(ScheduleRequest)}
_AT = "/recurring"
# Fields of a job that the jobs of a schedule do not have.
_NOT_OF_JOBS = {
    "id": "the id of each job is made of the schedule's name and its instant",
    "delay": "recurring.from says when a schedule begins",
    "after": "the jobs of a schedule cannot wait for other jobs",
    "durability": "a schedule is as durable as the server",
}
SHOWN, MOST_SHOWN = 5, 100  # next runs
_decoder = msgspec.json.Decoder(ScheduleBody)
T = TypeVar("T", bound=msgspec.Struct)


class Wanted(msgspec.Struct, frozen=True):
    """A checked schedule: ``options`` are those of Gopher.set_schedule, ``job`` is as each of its jobs.
    ``pointers`` lead to its fields, where that is not their own name."""

    name: str | None
    options: dict[str, Any]
    job: Job
    payload: Any
    pointers: Mapping[str, str]
    at: str = ""


def read_schedule(text: bytes, defaults: Defaults, queue: str, name: str) -> Wanted:
    """Raises Problem: 400 for what is not JSON, 422 for what is not valid, 413 for a payload too large."""
    value = parse(text)
    asked = decode(text, _decoder, _FIELDS)
    given = work_of(asked) | {"queue": queue}
    job = make(defaults, given)
    given |= _when(asked, "") | ({} if asked.cron is None else {"cron": asked.cron})
    return _checked(defaults, Wanted(name, given, job, value.get("payload", {}), {}))


def read_recurring(asked: Asked, defaults: Defaults) -> Wanted:
    """Raises Problem 422."""
    body = asked.body
    assert body is not None and body.recurring is not None
    recurring = body.recurring
    for name, why in _NOT_OF_JOBS.items():
        if getattr(body, name) is not None:
            raise Problem(422, f"a job that recurs has no {name}: {why}", pointer=f"/{name}")
    cron, cron_pointer = _expression(recurring)
    given, pointers = asked.given | _when(recurring, _AT), {"cron": cron_pointer}
    if cron is not None:
        given["cron"] = cron
    if body.execute_at is not None:
        given["start"], pointers["from"] = _start(body, recurring), "/execute_at"
    schedule = Wanted(recurring.name, given, asked.job, asked.payload, pointers, _AT)
    return _checked(defaults, schedule)


def read_preview(text: bytes, defaults: Defaults) -> tuple[Recurrence, str, int]:
    """When it would recur, what scatters an H, and how many runs are asked for. Raises Problem."""
    asked = _body(text, PreviewRequest)
    count = SHOWN if asked.count is None else asked.count
    if not 1 <= count <= MOST_SHOWN:
        raise Problem(422, f"count is a whole number from 1 to {MOST_SHOWN}, not {count}", pointer="/count")
    key = f"{asked.queue or ''}/{asked.name or ''}"
    tz = defaults.timezone if asked.cron is not None and asked.tz is None else asked.tz
    given = _when(asked, "") | {"cron": asked.cron, "tz": tz}
    try:
        return make_recurrence(key=key, **given), key, count
    except BadSchedule as error:
        raise bad_schedule(error, f"/{error.field}") from error


class AskedBackfill(NamedTuple):
    """Times in epoch seconds."""

    first: float
    last: float
    overlap: str
    again: bool
    dry_run: bool


def read_backfill(text: bytes) -> AskedBackfill:
    """Raises Problem."""
    asked = _body(text, BackfillRequest)
    with field("/from"):
        first = parse_when(str(asked.start))
    with field("/to"):
        last = parse_when(str(asked.to))
    return AskedBackfill(first, last, asked.overlap or "all", asked.again, asked.dry_run)


def read_reason(text: bytes) -> str:
    """Of a pause; "" where nothing is said. Raises Problem."""
    return (_body(text, PauseRequest).reason or "") if text else ""


def _body(text: bytes, kind: type[T]) -> T:
    check_filled(parse(text))
    return decode(text, msgspec.json.Decoder(kind), {"": fields_of(kind)})


def _expression(asked: Recurring) -> tuple[str | None, str]:
    """The expression, and where it stands. Raises Problem for two of them."""
    if asked.cron is None:
        return asked.cron_expression, f"{_AT}/cron_expression"
    if asked.cron_expression not in (None, asked.cron):
        raise contradiction("recurring/cron_expression", "recurring/cron")
    return asked.cron, f"{_AT}/cron"


def _start(body: JobRequest, recurring: Recurring) -> float:
    if recurring.start is not None:
        raise contradiction("execute_at", "recurring/from")
    with field("/execute_at"):
        return parse_when(str(body.execute_at))


def _when(asked: Recurring | ScheduleRequest | PreviewRequest, at: str) -> dict[str, Any]:
    """The options that are given, but for the expression. Raises Problem that points to one at fault."""
    given: dict[str, Any] = {}
    for name in _SPANS:
        if (value := getattr(asked, name, None)) is not None:
            given[name] = seconds_of(name, value, at)
    for name, said_as in _MOMENTS.items():
        if (value := getattr(asked, name)) is not None:
            with field(f"{at}/{said_as}"):
                given[name] = parse_when(str(value))
    for name in _PLAIN:
        if (value := getattr(asked, name, None)) is not None:
            given[name] = value
    return given


def _checked(defaults: Defaults, schedule: Wanted) -> Wanted:
    with pointing(schedule):
        new_schedule(defaults, schedule.name, **schedule.options)
    return schedule


@contextmanager
def pointing(schedule: Wanted) -> Iterator[None]:
    """What is wrong in here is wrong with a field of this schedule."""
    try:
        yield
    except BadSchedule as error:
        raise bad_schedule(
            error, schedule.pointers.get(error.field, f"{schedule.at}/{error.field}")
        ) from error
    except Usage as error:  # its work was checked before
        raise Problem(422, str(error), pointer=f"{schedule.at}/name") from error


def bad_schedule(error: BadSchedule, pointer: str) -> Problem:
    return Problem(
        422, str(error), hint=error.http_hint, pointer=pointer, code="bad_schedule", field=error.field
    )
