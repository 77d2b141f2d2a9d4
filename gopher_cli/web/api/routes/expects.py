"""Expects over HTTP: what jobs are to succeed at least so often, and which are late."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE, READ
from gopher_cli.model.job.value_checks import check_queue, check_type
from gopher_cli.model.schedule.expect import (
    NEW,
    SAME,
    Expect,
    check_every,
    check_expect_name,
    check_grace,
    the_expect,
)
from gopher_cli.model.text.duration import parse_duration, rfc3339
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.body import check_filled, read_json
from gopher_cli.web.api.support.filters import known_queue
from gopher_cli.web.api.support.openapi import answers, body_of
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.strict_json import fields_of, misread, parse
from gopher_cli.web.api.support.views import answered
from gopher_cli.web.server.parameters import Given, Parameters
from gopher_cli.web.server.problems import field, soon
from gopher_cli.web.services.services import gopher_of

routes = Routes("/api/v1/expects", "expects")
_OF = Parameters("queue")
_Span = int | float | str


class ExpectRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """That jobs of a type succeed at least so often."""

    type: Annotated[str, Meta(description="jobs of this type", examples=["report"])]
    every: Annotated[_Span, Meta(description="seconds, or 25h", examples=["25h"])]
    grace: Annotated[
        _Span | None, Meta(description="so much later still counts as on time: seconds, or 2h")
    ] = None


class ExpectView(msgspec.Struct, kw_only=True):
    """What is expected, and how that stands at `at`, the time of Redis.

    `every`, `grace` and `late_seconds` in seconds. `state` is on_time, waiting (for the first success), late,
    or unreadable: then there is no type.
    """

    queue: str
    name: str
    type: str | None
    every: float
    grace: float
    state: str
    last_success_at: str | None
    deadline_at: str | None
    late_seconds: float
    created_at: str | None
    created_by: str | None
    at: str


class ExpectList(msgspec.Struct, kw_only=True):
    """By queue and name."""

    items: list[ExpectView]


class ExpectSet(ExpectView, kw_only=True):
    """`outcome` is new, changed or same; of the last one `changed` is false."""

    outcome: str
    changed: bool


class ExpectDropped(ExpectView, kw_only=True):
    """What was expected, and is no longer."""


openapi.SCHEMAS += [ExpectRequest, ExpectView, ExpectList, ExpectSet, ExpectDropped]
_EXAMPLE = {
    "queue": "default", "name": "nightly", "type": "report", "every": 90000.0, "grace": 0.0, "state": "late",
    "last_success_at": "2026-01-30T03:00:00.000Z", "deadline_at": "2026-01-31T04:00:00.000Z",
    "late_seconds": 21600.0, "created_at": "2026-01-01T08:00:00.000Z", "created_by": "key deploy",
    "at": "2026-01-31T10:00:00.000Z",
}  # fmt: skip
_NONE, _FULL = "no such queue or expect", "the queue has a thousand already"


@routes(
    "GET", READ, "List what is expected", takes=_OF,
    answers=answers("ExpectList", "all, or those of these queues", example={"items": [_EXAMPLE]}, s404=_NONE),
)  # fmt: skip
async def list_expects(request: Request) -> Response:
    """What jobs are to succeed at least so often, when they did last, and which are late."""
    queues = [known_queue(queue) for queue in Given(request).words("queue")]
    views = [expect for queue in queues or [""] for expect in await soon(gopher_of(request).expects(queue))]
    return answered(ExpectList(items=[view(expect) for expect in views]))


@routes(
    "GET /{queue}/{name}", READ, "Look at what is expected",
    answers("ExpectView", "it, as it stands", example=_EXAMPLE, s404=_NONE),
)  # fmt: skip
async def get_expect(queue: str, name: str, request: Request) -> Response:
    return answered(view(the_expect(await soon(gopher_of(request).expects(known_queue(queue))), name)))


@routes(
    "PUT /{queue}/{name}", OPERATE, "Expect jobs to succeed at least so often", body=body_of("ExpectRequest"),
    answers=answers("ExpectSet", "it was there: changed, or as it was", s409=_FULL)
    | {201: openapi.answer("it is new", "ExpectSet")},
)  # fmt: skip
async def put_expect(queue: str, name: str, request: Request) -> Response:
    """Whoever submits them. It counts from the last success that is known, else from now. The same again
    changes nothing."""
    check_queue(queue)
    check_expect_name(name)
    type, every, grace = await _read(request)
    done = await soon(gopher_of(request).expect(name, type, every, queue=queue, grace=grace), more=1.0)
    known = msgspec.structs.asdict(view(done.expect))
    answer = ExpectSet(**known, outcome=done.word, changed=done.word != SAME)
    return answered(answer, 201 if done.word == NEW else 200)


@routes(
    "DELETE /{queue}/{name}", OPERATE, "Expect it no longer",
    answers("ExpectDropped", "what was expected", example=_EXAMPLE, s404=_NONE),
)  # fmt: skip
async def delete_expect(queue: str, name: str, request: Request) -> Response:
    """Jobs, and whoever submits them, are left alone."""
    gone = await soon(gopher_of(request).drop_expect(name, known_queue(queue)))
    return answered(ExpectDropped(**msgspec.structs.asdict(view(gone))))


async def _read(request: Request) -> tuple[str, float, float]:
    """The type, and both spans in seconds. Raises Problem."""
    value = parse(await read_json(request))
    check_filled(value)
    try:
        asked = msgspec.convert(value, ExpectRequest)
    except msgspec.ValidationError as error:
        raise misread(error, {"": fields_of(ExpectRequest)}) from None
    with field("/type"):
        check_type(asked.type)
    with field("/every"):
        every = check_every(_seconds(asked.every))
    with field("/grace"):
        grace = check_grace(_seconds(asked.grace or 0.0))
    return asked.type, every, grace


def _seconds(value: _Span) -> float:
    return parse_duration(value) if isinstance(value, str) else value


def view(expect: Expect) -> ExpectView:
    return ExpectView(
        queue=expect.queue, name=expect.name, type=expect.type or None,
        every=expect.every, grace=expect.grace, state=expect.state,
        last_success_at=_when(expect.last_success),
        deadline_at=rfc3339(expect.deadline) if expect.type else None, late_seconds=expect.late_seconds,
        created_at=_when(expect.created), created_by=expect.by or None, at=rfc3339(expect.now),
    )  # fmt: skip


def _when(ms: int) -> str | None:
    return rfc3339(ms) if ms else None
