"""Routes of other systems: clients that were written for those go on working. They are deprecated."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE, READ, SUBMIT
from gopher_cli.model.select.actions import RETRY
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.text.timestamp import json_of
from gopher_cli.web.api.routes.job import place_of
from gopher_cli.web.api.submit import openapi_submit
from gopher_cli.web.api.submit.submit import submit_in
from gopher_cli.web.api.support.dialects import CLASSIC, PLAIN, Dialect
from gopher_cli.web.api.support.filters import STEP_SECONDS
from gopher_cli.web.api.support.openapi import answers
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.views import job_view
from gopher_cli.web.server.links import rooted
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of, services_of

routes = Routes("", "legacy", deprecated=True)
_SUBMIT: dict[str, Any] = {
    "answers": openapi_submit.LEGACY_ANSWERS, "takes": None, "headers": [openapi_submit.KEY],
    "body": openapi_submit.LEGACY_BODY,
}  # fmt: skip


class LegacyJob(msgspec.Struct, kw_only=True):
    """As other systems answer it."""

    job_id: str
    status: str


class PlainJob(LegacyJob, kw_only=True):
    """`status` is Pending, InProcess, Retrying, Completed or Failed."""

    id: str
    type: str
    payload: Any
    retries: int
    max_retries: int
    created_at: str | None
    error: str | None


class TypeNames(msgspec.Struct, kw_only=True):
    """What workers can run."""

    types: list[str]


class QueueTotals(msgspec.Struct, kw_only=True):
    """Counts in the old shape; `/api/v1/stats` has them all."""

    queue_size: int
    queues: dict[str, dict[str, int]]
    jobs: dict[str, Any]


class Requeued(msgspec.Struct, kw_only=True):
    """`more`: there was no time for all of them; call again."""

    requeued: int
    more: bool


openapi_submit.add(LegacyJob, PlainJob, TypeNames, QueueTotals, Requeued)


@routes("POST /api/jobs", SUBMIT, "Submit a job", **_SUBMIT)
async def submit_job_classic(request: Request) -> Response:
    """As `POST /api/v1/jobs`; the answer is `job_id` and `status`."""
    return await _submit(request, CLASSIC)


@routes("POST /job", SUBMIT, "Submit a job", **_SUBMIT)
async def submit_job_plain(request: Request) -> Response:
    """As `POST /api/v1/jobs`; the answer is `job_id` and `status`, in the words of `GET /job/{id}`."""
    return await _submit(request, PLAIN)


async def _submit(request: Request, dialect: Dialect) -> Response:
    response = await submit_in(request, dialect)
    response.headers["Link"] = _successor()
    return response


@routes(
    "GET /job/{id}", READ, "Look at a job", takes=None,
    answers=answers("PlainJob", "the job", s404="no such job", s409="several queues have a job of this id"),
)  # fmt: skip
async def get_job_plain(id: str, request: Request) -> Response:
    """Its status in few words."""
    queue = await place_of(request, id)
    job = job_view(await soon(gopher_of(request).inspect(queue, id)))
    return _answered(PLAIN.job(PLAIN, job), "no-store")


@routes(
    "POST /job/requeue-dlq", OPERATE, "Run all dead jobs again", answers("Requeued", "so many run again"),
    takes=None,
)  # fmt: skip
async def requeue_dlq_plain(request: Request) -> Response:
    """Each dead job goes back to its queue, oldest first, its attempts counted anew."""
    seconds = min(STEP_SECONDS, services_of(request).settings.server_write_timeout / 2)
    step = await soon(gopher_of(request).bulk(RETRY, Filter(states=("failed",)), seconds=seconds), seconds)
    return _answered(Requeued(requeued=step.changed, more=bool(step.cursor)), "no-store")


@routes("GET /api/v1/jobs/types", READ, "List the types", answers("TypeNames", "their names"), takes=None)
async def list_job_types(request: Request) -> Response:
    """The types that workers have published; `GET /api/v1/types` tells their schemas too."""
    types = await soon(gopher_of(request).types())
    return _answered(TypeNames(types=sorted(types)))


@routes("GET /api/v1/queue/stats", READ, "Count jobs", answers("QueueTotals", "counts"), takes=None)
async def get_queue_stats(request: Request) -> Response:
    """Sizes by queue, and what has ended: in all, and by type within a day."""
    stats = await soon(gopher_of(request).stats(()))
    queues = {queue.queue: {"size": queue.states.get("enqueued", 0)} | queue.states for queue in stats.queues}
    windows = [(type.type, window) for type in stats.types for window in type.windows]
    days = [(type, window) for type, window in windows if window.window == "24h"]
    by_type = {type: {"completed": day.completed, "failed": day.failed} for type, day in days}
    ended = [queue.counters for queue in stats.queues]
    completed, failed = (sum(counts.get(word, 0) for counts in ended) for word in ("completed", "failed"))
    jobs = {
        "total_processed": completed + failed, "completed": completed, "failed": failed, "by_type": by_type,
    }  # fmt: skip
    return _answered(QueueTotals(queue_size=stats.pending, queues=queues, jobs=jobs), "no-store")


def _successor() -> str:
    return f'<{rooted("/api/v1/jobs")}>; rel="successor-version"'


def _answered(body: Any, fresh: str = "no-cache") -> Response:
    headers = {"Cache-Control": fresh, "Link": _successor()}
    return Response(json_of(body), 200, headers, media_type="application/json")
