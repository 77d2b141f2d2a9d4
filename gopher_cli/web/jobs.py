"""Jobs over HTTP: submit one, look at one."""

from __future__ import annotations

import time

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.duration import rfc3339
from gopher_cli.model.errors import NotFound
from gopher_cli.model.ids import VALID_ID
from gopher_cli.model.job import Job
from gopher_cli.model.stats import JobDetail
from gopher_cli.web import openapi
from gopher_cli.web.body import read_json
from gopher_cli.web.dialects import read_job
from gopher_cli.web.problems import Problem, soon
from gopher_cli.web.views import Submitted, job_view, links_of

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
    """Accepted means stored: the job survives whatever happens to this server."""
    settings: Settings = request.app.state.settings
    gopher: Gopher = request.app.state.gopher
    job = read_job(await read_json(request, seconds=settings.server_read_timeout), gopher.defaults)
    await request.app.state.published.check(job)
    (receipt,) = await soon(gopher.submit_many([job]))
    if receipt.duplicate_of:
        raise Problem(409, f"job {receipt.duplicate_of} holds this unique key", job_id=receipt.duplicate_of)
    made = Submitted(
        job_id=job.id,
        status=await _state_of(gopher, job),
        created_at=rfc3339(time.time_ns() // 1_000_000),
        type=job.spec.type,
        queue=job.queue,
        links=links_of(job.id),
    )
    where = {"Location": made.links["self"]}
    return Response(msgspec.json.encode(made), 201, where, media_type=JSON)


@router.get("/{id}", summary="Look at a job", operation_id="get_job", responses=openapi.job_answers)
async def get(id: str, request: Request) -> Response:
    """By its whole id."""
    found = await soon(_find(request.app.state.gopher, id))
    return Response(msgspec.json.encode(job_view(found)), media_type=JSON)


async def _state_of(gopher: Gopher, job: Job) -> str:
    if job.spec.options.after:  # only Redis knows whether those have completed
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
