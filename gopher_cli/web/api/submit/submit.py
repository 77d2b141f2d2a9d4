"""Submitting over HTTP: one job, in every dialect. Accepted means stored."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from gopher_cli.gopher import Gopher
from gopher_cli.model.access.scopes import READ, SUBMIT
from gopher_cli.model.errors import GopherError, NotFound
from gopher_cli.model.job.job import Job
from gopher_cli.model.text.timestamp import json_of
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.store.calls import Receipt
from gopher_cli.web.api.routes.batch_marks import batch_of, check_mark
from gopher_cli.web.api.submit import batch, openapi_submit, submit_recurring
from gopher_cli.web.api.support import prefer_wait
from gopher_cli.web.api.support.body import MAX_BODY, check_kind, read
from gopher_cli.web.api.support.dialects import GONE, V1, Accepted, Dialect
from gopher_cli.web.api.support.job_request import Asked, read_job
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.submit_common import is_ending, is_new, permit, refusal, states_of, under
from gopher_cli.web.api.support.views import job_view
from gopher_cli.web.authorize import needs
from gopher_cli.web.server.fast_path import FastPath
from gopher_cli.web.server.links import rooted
from gopher_cli.web.server.parameters import Given, Parameters
from gopher_cli.web.server.problems import soon, under_id, wished
from gopher_cli.web.services import idempotency
from gopher_cli.web.services.idempotency import Claim, Reply
from gopher_cli.web.services.services import services_of

_JSON = {"Content-Type": "application/json"}
_enter = needs(SUBMIT)
_ONE, _MANY = Parameters("wait", "atomic"), Parameters("atomic", "batch")
routes = Routes("/api/v1/jobs", "jobs")


@routes(
    "POST", "", "Submit a job", openapi_submit.ONE_ANSWERS, takes=None, headers=openapi_submit.ONE,
    body=openapi_submit.ONE_BODY,
)  # fmt: skip
async def submit_job(request: Request) -> Response:
    """Accepted means stored: the job survives whatever happens to this server.

    201 for a new job; 200 for one that is there already, by its id or its unique key, as it is now. With
    `Prefer: wait=10` or `?wait=10` the answer is the finished job, 200, if it ends within that time. An array
    of jobs is answered as `/api/v1/jobs/batch` answers it.
    """
    await _enter(request)
    _ONE.check(request)
    together, wait = _all_or_none(request), prefer_wait.wait_of(request)
    settings = services_of(request).settings

    def longest(start: bytes) -> int:
        return batch.limit_of(settings) if _is_array(start) else MAX_BODY

    check_kind(request)
    text = await read(request, longest)
    if _is_array(text[:64]):
        return await batch.accept(request, text, together=together)
    return await _accept(request, V1, text, wait)


@routes(
    "POST /batch", SUBMIT, "Submit many jobs", openapi_submit.MANY_ANSWERS, takes=None,
    headers=openapi_submit.MANY, body=openapi_submit.MANY_BODY,
)  # fmt: skip
async def submit_jobs(request: Request) -> Response:
    """An array of jobs, `{"jobs": [...]}`, or a job a line (`application/x-ndjson`): what became of each.

    With `?atomic=true` all of them are stored or none: up to 500 of one queue. NDJSON is answered by NDJSON
    where Accept asks for it. With `?batch=ID` they are lines of a file that may come again, each with its
    `mark` (`GET /api/v1/batches`): up to 500; if one is not valid, nothing is stored.
    """
    _MANY.check(request)
    together, of = _all_or_none(request), batch_of(Given(request))
    settings = services_of(request).settings
    most = batch.limit_of(settings)
    lines = check_kind(request, lines=True)
    text = await read(request, lambda _: most)
    return await batch.accept(request, text, together=together, lines=lines, of=of)


async def submit_in(request: Request, dialect: Dialect) -> Response:
    """Submit one job as another system would."""
    check_kind(request)
    text = await read(request, lambda _: MAX_BODY)
    return await _accept(request, dialect, text, 0.0)


def _all_or_none(request: Request) -> bool:
    return bool(request.scope["query_string"]) and Given(request).flag("atomic")


def _is_array(start: bytes) -> bool:
    return start.lstrip()[:1] == b"["


async def _accept(request: Request, dialect: Dialect, text: bytes, wait: float) -> Response:
    services = services_of(request)
    gopher = services.gopher
    key = idempotency.key_of(request)
    asked = read_job(text, gopher.defaults)
    check_mark(asked.mark, "")
    schedule = submit_recurring.read(request, asked, wait) if asked.body else None
    permit(request.state.caller, asked.job.queue)
    if services.type_schemas.is_old:
        with nullcontext() if schedule else under_id(asked.job.id):
            await services.type_schemas.refresh()
    services.type_schemas.fits(asked.job, asked.payload)

    async def work(claim: Claim | None) -> Reply:
        if schedule:
            return await submit_recurring.define(request, dialect, schedule)
        lasts = services.settings.server_idempotency_ttl
        return await _store(request, dialect, under(asked, claim.id, lasts) if claim else asked, claim)

    if key:
        reply = await idempotency.once(services, request, key, text, work)
    else:
        reply = await work(None)
    sees = reply.status == 201 or request.state.caller.may(READ)
    if (
        wait
        and sees
        and not schedule
        and (job := await prefer_wait.ended(request, reply.queue, reply.id, wait))
    ):
        more = _JSON | prefer_wait.applied(request, wait)
        return Response(json_of(dialect.job(dialect, job_view(job))), 200, reply.headers | more)
    return reply.response()


async def _store(request: Request, dialect: Dialect, asked: Asked, claim: Claim | None) -> Reply:
    job, services = asked.job, services_of(request)
    gopher = services.gopher
    request.state.job_id = job.id  # for an answer that comes too late
    try:
        with wished(asked.durability):
            receipt = await services.group_commit.submit(job, asked.durability)
        if receipt.refused:
            raise refusal(asked, receipt)
        if not is_new(asked, receipt, claim):
            known = await _known(gopher, job, receipt)
            if isinstance(known, Accepted):
                return _reply(200, dialect, known.id, job.queue, dialect.submitted(dialect, known))
            if not request.state.caller.may(READ):  # it may be somebody else's
                there = Accepted(
                    id=known.id, type=known.type, queue=job.queue, state=known.state, at_ms=known.created
                )  # fmt: skip
                return _reply(200, dialect, known.id, job.queue, dialect.submitted(dialect, there))
            return _reply(200, dialect, known.id, job.queue, dialect.job(dialect, job_view(known)))
    except GopherError:
        with under_id(job.id):
            raise
    states = await states_of(gopher, [job]) if job.due or job.delay or job.spec.options.after else {}
    made = Accepted(
        id=job.id,
        type=job.spec.type,
        queue=job.queue,
        state=states.get(job.id, "enqueued"),
        at_ms=claim.at_ms if claim else time.time_ns() // 1_000_000,
    )
    reply = _reply(201, dialect, job.id, job.queue, dialect.submitted(dialect, made))
    return reply._replace(anew=not states and not asked.named)


def _reply(status: int, dialect: Dialect, id: str, queue: str, body: Any) -> Reply:
    headers = _JSON | {"Location": rooted(f"{dialect.path}{id}")}
    return Reply(status, headers, json_of(body), id, queue)


async def _known(gopher: Gopher, job: Job, receipt: Receipt) -> JobDetail | Accepted:
    """The job that was there first, or what is known of one that is not kept any more.

    Raises Problem 409 where it is about to be cancelled: this one would be done by nobody.
    """
    id = receipt.duplicate_of or job.id
    if receipt.stops:
        raise is_ending(id)
    if not receipt.held_until:
        with suppress(NotFound):  # it may just have gone
            return await soon(gopher.inspect(job.queue, id))
    until = receipt.held_until
    return Accepted(id=id, type=job.spec.type, queue=job.queue, state=GONE, at_ms=0, until_ms=until)


def shortened(app: ASGIApp) -> ASGIApp:
    """The same, with a short way to the route that is called most."""
    return FastPath(app, path="/api/v1/jobs", endpoint=submit_job)
