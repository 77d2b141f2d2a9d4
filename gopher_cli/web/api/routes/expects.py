"""Expects over HTTP: what jobs are to succeed at least so often, and which are late."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.errors import NotFound
from gopher_cli.model.hints import LIST_QUEUES
from gopher_cli.model.job.ids import VALID_NAME
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
from gopher_cli.web.api.routes.jobs import answered
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.body import check_filled, read_json
from gopher_cli.web.api.support.strict_json import fields_of, misread, parse
from gopher_cli.web.server.parameters import Parameters
from gopher_cli.web.server.problems import field, soon
from gopher_cli.web.services.services import gopher_of

reading = APIRouter(prefix="/api/v1/expects", tags=["expects"])
router = APIRouter(prefix="/api/v1/expects", tags=["expects"])
_NONE, _OF = Parameters(), Parameters("queue")
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
_BODY = {"requestBody": {"required": True, "content": openapi.answer("", "ExpectRequest")["content"]}}
_read_answers = openapi.problems(s404="no such queue or expect", s422="a parameter is not valid")
_operate = openapi.problems(s403="this key lacks the scope operate")
_put_answers = _operate | openapi.problems(
    s400="the body is not valid JSON", s408="the body did not arrive in time",
    s409="the queue has a thousand already", s413="more than 1 MB", s415="not application/json",
    s422="a field or a parameter is not valid",
) | {
    200: openapi.answer("it was there: changed, or as it was", "ExpectSet"),
    201: openapi.answer("it is new", "ExpectSet"),
}  # fmt: skip


@reading.get(
    "", summary="List what is expected", operation_id="list_expects",
    openapi_extra={"parameters": _OF.described},
    responses=_read_answers | {
        200: openapi.answer("all, or those of these queues", "ExpectList", example={"items": [_EXAMPLE]})
    },
)  # fmt: skip
async def expects(request: Request) -> Response:
    """What jobs are to succeed at least so often, when they did last, and which are late."""
    queues = [_known(queue) for queue in _OF.read(request).words("queue")]
    gopher = gopher_of(request)
    found = [one for queue in queues or [""] for one in await soon(gopher.expects(queue))]
    return answered(ExpectList(items=[view(one) for one in found]))


@reading.get(
    "/{queue}/{name}", summary="Look at what is expected", operation_id="get_expect",
    responses=_read_answers | {200: openapi.answer("it, as it stands", "ExpectView", example=_EXAMPLE)},
)  # fmt: skip
async def expect(queue: str, name: str, request: Request) -> Response:
    _NONE.read(request)
    gopher = gopher_of(request)
    return answered(view(the_expect(await soon(gopher.expects(_known(queue))), name)))


@router.put(
    "/{queue}/{name}", summary="Expect jobs to succeed at least so often", operation_id="put_expect",
    responses=_put_answers, openapi_extra=_BODY,
)  # fmt: skip
async def put(queue: str, name: str, request: Request) -> Response:
    """Whoever submits them. It counts from the last success that is known, else from now. The same again
    changes nothing."""
    _NONE.read(request)
    check_queue(queue)
    check_expect_name(name)
    type, every, grace = await _read(request)
    gopher = gopher_of(request)
    done = await soon(gopher.expect(name, type, every, queue=queue, grace=grace), more=1.0)
    known = msgspec.structs.asdict(view(done.expect))
    said = ExpectSet(**known, outcome=done.word, changed=done.word != SAME)
    return answered(said, 201 if done.word == NEW else 200)


@router.delete(
    "/{queue}/{name}", summary="Expect it no longer", operation_id="delete_expect",
    responses=_read_answers | _operate | {
        200: openapi.answer("what was expected", "ExpectDropped", example=_EXAMPLE)
    },
)  # fmt: skip
async def drop(queue: str, name: str, request: Request) -> Response:
    """Jobs, and whoever submits them, are left alone."""
    _NONE.read(request)
    gopher = gopher_of(request)
    gone = await soon(gopher.drop_expect(name, _known(queue)))
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


def view(one: Expect) -> ExpectView:
    return ExpectView(
        queue=one.queue, name=one.name, type=one.type or None, every=one.every, grace=one.grace,
        state=one.state, last_success_at=_when(one.last_success),
        deadline_at=rfc3339(one.deadline) if one.type else None, late_seconds=one.late_seconds,
        created_at=_when(one.created), created_by=one.by or None, at=rfc3339(one.now),
    )  # fmt: skip


def _when(ms: int) -> str | None:
    return rfc3339(ms) if ms else None


def _known(queue: str) -> str:
    """Raises NotFound for what is no name at all."""
    if not VALID_NAME.fullmatch(queue):
        raise NotFound(f"no queue {queue[:64]!r}", LIST_QUEUES)
    return queue
