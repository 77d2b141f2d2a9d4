"""What is asked for in bodies: a job, a schedule, when something recurs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from gopher_cli.model.job.fields import JSON_KEYS, Field, Kind
from gopher_cli.model.job.payload import EMPTY

Seconds = int | float | str
Moment = str | int | float


class _Work(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be done."""

    type: Annotated[str, Meta(description="which handler runs it", examples=["email"])]
    payload: Annotated[
        Any, Meta(description="any JSON value of at most 1 MB and 64 levels; {} where it is left out")
    ] = {}


_TYPES: dict[Kind, Any] = {
    Kind.TEXT: str, Kind.PRIORITY: int | str, Kind.WHOLE: int, Kind.SECONDS: Seconds,
    Kind.TEXTS: list[str], Kind.PAIRS: dict[str, str],
}  # fmt: skip


def _key(key: str, field: Field, more: int) -> tuple[str, Any, None]:
    """A key of a body, with its type and what the document says of it."""
    kind, about = _TYPES[field.kind] | None, field.about
    if key != field.name:
        about = f"the same as {field.name}" if not more else "the same, counting the first run"
    return key, Annotated[kind, Meta(description=about)] if about else kind, None


if TYPE_CHECKING:
    Work = _Work
else:
    Work = msgspec.defstruct(
        "Work", [_key(key, *row) for key, row in JSON_KEYS.items()], bases=(_Work,), kw_only=True,
        forbid_unknown_fields=True, namespace={"__doc__": _Work.__doc__},
    )  # fmt: skip
_Cron = Annotated[
    str | None, Meta(description="minute, hour, day of month, month, day of week", examples=["0 3 * * *"])
]
_Zone = Annotated[
    str | None,
    Meta(description="time zone of the expression; else SCHEDULE_TIMEZONE", examples=["Europe/Berlin"]),
]
_Every = Annotated[Seconds | None, Meta(description="an interval: whole seconds, or 1h30m")]
_Offset = Annotated[Seconds | None, Meta(description="so much later than its multiples since 1970")]
_From = Annotated[Moment | None, Meta(description="not before: RFC 3339, or seconds since 1970")]
_Until = Annotated[Moment | None, Meta(description="not after")]
_Times = Annotated[int | None, Meta(description="so many runs at most")]
_Jitter = Annotated[Seconds | None, Meta(description="by how much a job may be due later")]
_Overlap = Annotated[
    str | None, Meta(description="skip (default): nothing runs while the run before is unfinished; or all")
]
_Catchup = Annotated[
    str | None, Meta(description="of instants that were missed run: once (default), skip or all:N")
]
_Within = Annotated[Seconds | None, Meta(description="how old such an instant may be")]
_PauseAfter = Annotated[int | None, Meta(description="it pauses after so many dead runs in a row")]


class Recurring(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """When it recurs: `cron_expression` or `every` is needed. Without a name it has one that is made of the
    request."""

    name: Annotated[str | None, Meta(description="1-64 of A-Z a-z 0-9 _ . -")] = None
    cron_expression: _Cron = None
    cron: Annotated[str | None, Meta(description="the same as cron_expression")] = None
    tz: _Zone = None
    every: _Every = None
    offset: _Offset = None
    start: _From = None
    until: _Until = None
    times: _Times = None
    jitter: _Jitter = None
    overlap: _Overlap = None
    catchup: _Catchup = None
    within: _Within = None
    pause_after: _PauseAfter = None


class ScheduleRequest(Work, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """A recurring job: `type`, and `cron` or `every`, are needed."""

    cron: _Cron = None
    tz: _Zone = None
    every: _Every = None
    offset: _Offset = None
    start: _From = None
    until: _Until = None
    times: _Times = None
    jitter: _Jitter = None
    overlap: _Overlap = None
    catchup: _Catchup = None
    within: _Within = None
    pause_after: _PauseAfter = None


class PreviewRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """When something would run: `cron` or `every` is needed."""

    cron: _Cron = None
    tz: _Zone = None
    every: _Every = None
    offset: _Offset = None
    start: _From = None
    until: _Until = None
    times: _Times = None
    jitter: _Jitter = None
    count: Annotated[int | None, Meta(description="so many of them: 1 to 100, 5 where it is left out")] = None
    queue: Annotated[str | None, Meta(description="queue and name decide what an H means")] = None
    name: str | None = None


class BackfillRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """All instants from the first moment to the last, both of them included."""

    start: Annotated[Moment, Meta(description="RFC 3339, or seconds since 1970")]
    to: Moment
    overlap: Annotated[str | None, Meta(description="all (default): they do not wait for each other")] = None
    again: Annotated[bool, Meta(description="also those that have run, under fresh ids")] = False
    dry_run: Annotated[bool, Meta(description="only tell which jobs it would make")] = False


class PauseRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """It may be left out altogether."""

    reason: Annotated[str | None, Meta(description="why, for whoever looks at it and for the audit")] = None


class JobRequest(Work, kw_only=True, forbid_unknown_fields=True):
    """A job to submit. Only `type` is needed."""

    queue: str | None = None
    execute_at: Annotated[Moment | None, Meta(description="not before: RFC 3339, or seconds since 1970")] = (
        None
    )
    delay: Annotated[Seconds | None, Meta(description="not before: seconds, or 1m30s")] = None
    id: Annotated[str | None, Meta(description="your own id: the same one again submits nothing twice")] = (
        None
    )
    after: Annotated[
        list[str] | None, Meta(description="ids of jobs of its queue that complete before it runs")
    ] = None
    durability: Annotated[
        str | None, Meta(description="201 means in memory (default), fsync or replica:N")
    ] = None
    mark: Annotated[str | None, Meta(description="with ?batch=ID: how far the file has come with it")] = None
    recurring: Annotated[
        Recurring | None, Meta(description="it makes a schedule, whose jobs are as this one")
    ] = None


class JobBody(JobRequest, kw_only=True, forbid_unknown_fields=True):
    """As it is read: the payload stays the text that it is."""

    payload: msgspec.Raw = EMPTY


class ScheduleBody(ScheduleRequest, kw_only=True, forbid_unknown_fields=True):
    """As it is read, likewise."""

    payload: msgspec.Raw = EMPTY
