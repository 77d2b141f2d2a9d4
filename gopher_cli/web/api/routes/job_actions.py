"""What an operator does to one job over HTTP: cancel, retry, promote, delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.gopher import Gopher
from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.errors import NotFound
from gopher_cli.model.hints import LIST_JOBS
from gopher_cli.model.job.job import JobState
from gopher_cli.model.select.actions import CANCEL, DELETE, RETRY, RUN_NOW, Action, Answer, Result
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.web.api.routes.job import place_of
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.etag import etag_of, matches
from gopher_cli.web.api.support.openapi import answers
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.views import answered
from gopher_cli.web.server.links import links_of
from gopher_cli.web.server.parameters import ONE_QUEUE, Given, Parameters
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of

routes = Routes("/api/v1/jobs", "jobs")
Act = Callable[[Gopher, str], Awaitable[Mapping[str, Answer]]]
Check = Callable[[JobDetail], None]


class Done(msgspec.Struct, kw_only=True):
    """`outcome` is what has happened: cancelled, requested (it runs, and is told to stop), enqueued,
    rescheduled, deleted, or again (it was so already)."""

    job_id: str
    queue: str
    outcome: str
    changed: bool
    links: dict[str, str]
    due_at: Annotated[str | msgspec.UnsetType, Meta(description="of a rescheduled job, its time")] = (
        msgspec.UNSET
    )


openapi.SCHEMAS += [Done]
_RETRY = Parameters("queue", "source", "poison", queue=ONE_QUEUE)
_EXAMPLE = {
    "job_id": "019f8a2c-7b1e-7c40-8a31-5b3d4ce62f10", "queue": "default", "outcome": "enqueued",
    "changed": True, "links": {"self": "/api/v1/jobs/019f8a2c-7b1e-7c40-8a31-5b3d4ce62f10"},
}  # fmt: skip
_IF_MATCH = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "only if the job is still as this ETag says",
}  # fmt: skip
_FORBIDDEN = "the state of the job forbids it (job_status, outcome), or several queues have this id (queues)"
ACTION: dict[str, Any] = {
    "answers": answers(
        "Done", "done, or so already", example=_EXAMPLE, s404="no such job", s409=_FORBIDDEN,
        s412="the job is not as If-Match says any more",
    ),
    "takes": Parameters("queue", queue=ONE_QUEUE), "headers": [_IF_MATCH],
}  # fmt: skip


@routes("POST /{id}/cancel", OPERATE, "Stop a job", **ACTION)
async def cancel_job(id: str, request: Request) -> Response:
    """One that waits never runs; one that runs is told to stop within seconds."""
    return await do(request, id, CANCEL)


@routes("POST /{id}/retry", OPERATE, "Run a job again now", **ACTION | {"takes": _RETRY})
async def retry_job(id: str, request: Request) -> Response:
    """A dead or cancelled one with all its attempts before it, a waiting one ahead of its time.

    One of which workers died (poison) is left (409, outcome `poison`) unless `?poison=true` says that it is
    meant.
    """
    given = Given(request)
    source, sure = given.choice("source", ("any", *JobState)), given.flag("poison")

    def act(gopher: Gopher, queue: str) -> Awaitable[Mapping[str, Answer]]:
        return gopher.retry(queue, [id], source=source)

    return await do(request, id, RETRY, act, None if sure else _no_poison)


@routes("POST /{id}/promote", OPERATE, "Run a scheduled or retrying job now", **ACTION)
async def promote_job(id: str, request: Request) -> Response:
    """With the attempts that it has left."""
    return await do(request, id, RUN_NOW)


@routes("DELETE /{id}", OPERATE, "Delete a job for good", **ACTION)
async def delete_job(id: str, request: Request) -> Response:
    """In any state but processing: cancel it first."""
    return await do(request, id, DELETE)


async def do(
    request: Request, id: str, action: Action, act: Act | None = None, check: Check | None = None
) -> Response:
    """Do it to this job, in the one queue that has it; ``act`` where the id is not all that it needs.

    ``check`` may refuse the job as it is.
    """
    given = Given(request)
    gopher = gopher_of(request)
    queue = await place_of(request, id, given.text("queue"))
    tag = request.headers.get("if-match")
    if check or tag is not None:
        job = await soon(gopher.inspect(queue, id))
        _check_match(job, tag)
        if check:
            check(job)
    results = await soon(act(gopher, queue) if act else gopher.act(action, queue, [id]))
    return answered(_done(action, queue, id, results[id]))


def _done(action: Action, queue: str, id: str, answer: Answer) -> Done:
    """Raises NotFound, or Problem 409 for a job that was left."""
    if answer.result is Result.GONE:
        raise NotFound(f"no job {id!r}", LIST_JOBS)
    changed = answer.result in (action.result, Result.REQUESTED)
    if not changed and answer.result is not Result.AGAIN:
        detail = f"job {id} was left as it is: {answer.why}"
        raise Problem(409, detail, job_status=answer.state, outcome=answer.word)
    links = {} if action is DELETE else links_of(id)
    due_at = rfc3339(answer.due_ms) if answer.due_ms else msgspec.UNSET
    return Done(job_id=id, queue=queue, outcome=answer.word, changed=changed, links=links, due_at=due_at)


def _check_match(job: JobDetail, tag: str | None) -> None:
    """What was seen may have changed since. Between this look and the action it still may.

    An If-Match that is empty matches nothing.
    """
    if tag is not None and not matches(tag, etag_of(job)):
        detail = f"job {job.id} is not any more as it was: it is {job.state}"
        raise Problem(412, detail, hint=f"look again: GET /api/v1/jobs/{job.id}", job_status=job.state)


def _no_poison(job: JobDetail) -> None:
    if job.is_poison:
        raise Problem(
            409, f"job {job.id} was left as it is: {Result.POISON.why}", job_status=job.state,
            hint="POST it with ?poison=true if it shall run again, and may take workers down",
            outcome=Result.POISON,
        )  # fmt: skip
