"""Jobs over HTTP: submit one, look at one."""

from __future__ import annotations

import time
from contextlib import suppress

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.duration import rfc3339
from gopher_cli.model.errors import GopherError, NotFound, TryLater
from gopher_cli.model.ids import VALID_ID
from gopher_cli.model.job import Job
from gopher_cli.model.stats import JobDetail
from gopher_cli.web.api import openapi
from gopher_cli.web.api.body import read_json
from gopher_cli.web.api.dialects import read_job
from gopher_cli.web.api.views import JobView, Submitted, job_view, links_of
from gopher_cli.web.problems import soon, under_id

JSON = "application/json"
router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.post(
    "",
    summary="Submit a job",
    operation_id="submit_job",
    status_code=201,
    responses=openapi.submit_answers,
    openapi_extra=openapi.submit_body,
)
async def submit(request: Request) -> Response:
    """Accepted means stored: the job survives whatever happens to this server.

    201 for a new job; 200 for one that is there already, by its id or its unique key, as it is now.
    """
    settings: Settings = request.app.state.settings
    gopher: Gopher = request.app.state.gopher
    job, durability = read_job(
        await read_json(request, seconds=settings.server_read_timeout), gopher.defaults
    )
    request.state.job_id = job.id  # for an answer that comes too late
    with under_id(job.id):
        await request.app.state.published.check(job)
        storing = gopher.submit_many([job], durability=durability)
        # A disk and a replica take their time.
        safely = durability or gopher.defaults.durability
        patience = 0.0 if safely == "memory" else settings.redis_timeout
        (receipt,) = await soon(storing, patience)
        if not receipt.accepted:
            return _answer(200, job_view(await _known(gopher, job.queue, receipt.duplicate_of or job.id)))
    made = Submitted(
        job_id=job.id,
        status=await _state_of(gopher, job),
        created_at=rfc3339(time.time_ns() // 1_000_000),
        type=job.spec.type,
        queue=job.queue,
        links=links_of(job.id),
    )
    return _answer(201, made)


@router.get("/{id}", summary="Look at a job", operation_id="get_job", responses=openapi.job_answers)
async def get(id: str, request: Request) -> Response:
    """By its whole id."""
    found = await soon(_find(request.app.state.gopher, id))
    return Response(msgspec.json.encode(job_view(found)), media_type=JSON)


def _answer(status: int, said: Submitted | JobView) -> Response:
    return Response(msgspec.json.encode(said), status, {"Location": said.links["self"]}, media_type=JSON)


async def _known(gopher: Gopher, queue: str, id: str) -> JobDetail:
    """The job that was there first. Raises TryLater when it has just gone: its place is free now."""
    try:
        return await soon(gopher.inspect(queue, id))
    except NotFound as error:
        raise TryLater(f"job {id} has just gone") from error


async def _state_of(gopher: Gopher, job: Job) -> str:
    if job.spec.options.after:  # only Redis knows whether those have completed
        with suppress(GopherError):  # the job is stored: that is what has to be said
            return (await soon(gopher.inspect(job.queue, job.id))).state
    return "scheduled" if job.delay or job.due > time.time() else "enqueued"


async def _find(gopher: Gopher, id: str) -> JobDetail:
    """Raises NotFound. No parts of ids here: a search walks through everything."""
    for queue in await gopher.queues() if VALID_ID.fullmatch(id) else []:
        try:
            return await gopher.inspect(queue, id)
        except NotFound:
            continue
    raise NotFound(f"no job {id[:140]!r}")
