"""One job over HTTP: all of it, or its result, log and attempts alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gopher_cli.model.access.scopes import READ
from gopher_cli.model.errors import GopherError, NotFound
from gopher_cli.model.hints import LIST_JOBS
from gopher_cli.model.job.ids import VALID_ID
from gopher_cli.model.job.job import FINAL
from gopher_cli.model.text.log_lines import new_lines
from gopher_cli.model.views.job_view import AttemptView, JobDetail
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.etag import awaited, etag_of, matches
from gopher_cli.web.api.support.event_stream import PING
from gopher_cli.web.api.support.prefer_wait import applied, wait_of
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.views import FRESH, answered, job_view
from gopher_cli.web.authorize import still_may
from gopher_cli.web.server.parameters import ONE_QUEUE, PREFER, Given, Parameters
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of, services_of

_FOLLOW_STEP = 0.5  # seconds between two looks at a log
routes = Routes("/api/v1/jobs", "jobs")


class AttemptList(msgspec.Struct, kw_only=True):
    """Oldest first."""

    items: list[AttemptView]


openapi.SCHEMAS += [AttemptList]
_ONE, _PLAIN = Parameters("queue", "wait", queue=ONE_QUEUE), Parameters("queue", queue=ONE_QUEUE)
_LOG = Parameters("queue", "follow", queue=ONE_QUEUE)
_IF_NONE_MATCH = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "the ETag that is known: 304 while the job is still as it says",
}  # fmt: skip
_TEXT: dict[int | str, Any] = {
    200: {"description": "lines of text", "content": {"text/plain": {"schema": {"type": "string"}}}}
}
_ANY: dict[int | str, Any] = {
    200: {"description": "any JSON value", "content": {"application/json": {"schema": {}}}}
}
_SEVERAL = "several queues have a job of this id: name one with ?queue="
_GONE = openapi.problems(s404="no such job, or none yet", s409=_SEVERAL, s422="a parameter is not valid")
job_answers = (
    openapi.problems(s404="no such job", s409=_SEVERAL, s422="a parameter is not valid")
    | {200: openapi.answer("the job", "JobView"), 304: {"description": "it is as If-None-Match says"}}
)  # fmt: skip


@routes("GET /{id}", READ, "Look at a job", takes=_ONE, headers=[PREFER, _IF_NONE_MATCH], answers=job_answers)
async def get_job(id: str, request: Request) -> Response:
    """By its whole id. `?wait=10` or `Prefer: wait=10` holds the answer until the job has ended.

    With If-None-Match it is held until the job is another than that, and 304 says that it is not.
    """
    given = Given(request)
    seconds = wait_of(request)
    headers = applied(request, seconds) if seconds else {}
    queue, known = await place_of(request, id, given.text("queue")), request.headers.get("if-none-match", "")
    if seconds:
        job = await awaited(request, queue, id, seconds, etag=known if known.startswith("W/") else "")
    else:
        job = await soon(gopher_of(request).inspect(queue, id))
    headers["ETag"] = etag_of(job)
    if known and matches(known, headers["ETag"]):
        return Response(status_code=304, headers=FRESH | headers)
    return answered(job_view(job), 200, headers)


@routes(
    "GET /{id}/result", READ, "The result of a job, bare", takes=_ONE, headers=[PREFER], answers=_GONE | _ANY
)
async def get_result(id: str, request: Request) -> Response:
    """The JSON value that the handler has returned; 404 says why there is none (yet)."""
    given = Given(request)
    seconds = wait_of(request)
    headers = applied(request, seconds) if seconds else {}
    queue = await place_of(request, id, given.text("queue"))
    job = await awaited(request, queue, id, seconds) if seconds else await _look(request, queue, id)
    if job.state != "completed":
        why = "it failed" if job.state == "failed" else f"it is {job.state}"
        raise Problem(
            404, f"job {id} has no result: {why}", hint=f"GET /api/v1/jobs/{id}", job_status=job.state
        )
    return answered(job.exact_result, 200, headers)


@routes(
    "GET /{id}/attempts", READ, "The attempts of a job that did not complete",
    _GONE | {200: openapi.answer("its history", "AttemptList")}, takes=_PLAIN,
)  # fmt: skip
async def get_attempts(id: str, request: Request) -> Response:
    """With the error, the traceback and the worker of each, oldest first."""
    job = await _look(request, await place_of(request, id, Given(request).text("queue")), id)
    return answered(AttemptList(items=job.history))


@routes("GET /{id}/log", READ, "The log of a job", takes=_LOG, answers=_GONE | _TEXT)
async def get_log(id: str, request: Request) -> Response:
    """Its lines as text; `?follow` goes on until the job has ended, and sends an empty line after 15 seconds
    of silence, so that no proxy takes it for dead."""
    given = Given(request)
    follow = given.flag("follow")
    queue = await place_of(request, id, given.text("queue"))
    job = await _look(request, queue, id)
    headers = FRESH | {"X-Content-Type-Options": "nosniff", "X-Accel-Buffering": "no"}
    if follow and job.state not in FINAL:
        request.state.streams = True
        return StreamingResponse(_followed(request, job), 200, headers, media_type="text/plain")
    return Response(_text(job.log), 200, headers, media_type="text/plain")


async def _followed(request: Request, job: JobDetail) -> AsyncIterator[bytes]:
    seen: list[str] = []
    clock = asyncio.get_running_loop().time
    ping = clock() + PING
    while True:
        if (fresh := _text(new_lines(seen, job.log))) or clock() >= ping:
            yield fresh or b"\n"
            ping = clock() + PING
        seen = job.log
        if job.state in FINAL or services_of(request).lifecycle.ending or await request.is_disconnected():
            return
        if not await still_may(request, READ):
            yield b"(this key opens nothing any more)\n"
            return
        await asyncio.sleep(_FOLLOW_STEP)
        try:
            job = await _look(request, job.queue, job.id)
        except NotFound:
            return
        except GopherError:  # Redis may come back; what was told by now stays true
            continue


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


async def _look(request: Request, queue: str, id: str) -> JobDetail:
    return await soon(gopher_of(request).inspect(queue, id))


async def place_of(request: Request, id: str, queue: str = "") -> str:
    """The queue of a job. No parts of ids here. Raises NotFound, or Ambiguous where several have one."""
    if not VALID_ID.fullmatch(id):
        raise NotFound(f"no job {id[:140]!r}", LIST_JOBS)
    return await soon(gopher_of(request).queue_of(id, queue))
