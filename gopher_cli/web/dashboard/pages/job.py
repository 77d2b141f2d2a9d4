"""One job: what was asked for, what happened, what came of it, and what can be done about it."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.select.actions import DELETE, PLAIN, RETRY
from gopher_cli.model.text.humanize import log_line
from gopher_cli.model.views.job_view import JobDetail, asked_in
from gopher_cli.model.views.timeline import story_of
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import checked_form
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.pages.jobs import actions_for
from gopher_cli.web.dashboard.render import HEADERS, link, page, root_of
from gopher_cli.web.dashboard.views.job_actions import sentence
from gopher_cli.web.dashboard.views.queries import job_at, payload_at, worker_names
from gopher_cli.web.dashboard.views.resubmit import as_command, as_request
from gopher_cli.web.dashboard.views.template_filters import segment
from gopher_cli.web.dashboard.views.timeline_bar import lifeline
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of, services_of

router = APIRouter(route_class=PageRoute)
_LOG_LINES = 500


@router.get("/jobs/{id}")
async def job(id: str, request: Request) -> Response:
    gopher = gopher_of(request)
    queue = request.query_params.get("queue", "")
    detail = await soon(job_at(gopher, id, queue))
    worker = detail.worker or ""
    names = await soon(worker_names(gopher)) if worker else {}
    server = services_of(request).authenticator.addresses.origin_of(request) + root_of(request)
    log = [log_line(line) for line in detail.log]
    return page(
        request, "job.html", job=detail, story=story_of(detail), lifeline=lifeline(detail),
        log=log[-_LOG_LINES:], log_before=max(0, len(log) - _LOG_LINES),
        worker=names.get(worker.partition(".")[0], worker),
        asked=asked_in(detail), command=as_command(detail, server), curl=as_request(detail, server),
        buttons=actions_for((detail.state,)),
        failed=[entry for entry in reversed(detail.history) if entry.error or entry.traceback],
        progress=_progress(detail), now=detail.now, of_queue=_of(queue),
    )  # fmt: skip


async def payload(id: str, request: Request) -> Response:
    """As it was submitted, byte for byte: a page shows the beginning of a long one."""
    content = await soon(payload_at(gopher_of(request), id, request.query_params.get("queue", "")))
    more = {"Content-Disposition": 'attachment; filename="payload.json"'}
    return Response(content, 200, HEADERS | more, media_type="application/json")


# What commands ask for: an error is for a program, and nobody is sent to a page to sign in.
router.add_api_route(
    "/jobs/{id}/payload.json",
    payload,
    methods=["GET"],
    include_in_schema=False,
    route_class_override=APIRoute,
)


@router.post("/jobs/{id}/{action}", dependencies=[Depends(needs(OPERATE))])
async def act(id: str, action: str, request: Request) -> Response:
    """Do it, and tell on the page of the job what came of it."""
    form = await checked_form(request)
    if (plain := PLAIN.get(action)) is None:
        raise Problem(404, "There is nothing at this address.")
    gopher = gopher_of(request)
    queue = request.query_params.get("queue", "")
    job = await soon(job_at(gopher, id, queue))
    if plain is RETRY and job.is_poison and form.one("sure") != "yes":  # of a page from before it was dead
        back = f"/jobs/{segment(id)}{_of(queue)}"
        return redirect(request, link("/bulk", action=action, job=f"{job.queue}/{id}", back=back))
    message, done = sentence(plain, Counter((await soon(gopher.act(plain, job.queue, [id]))).values()))
    where = "/jobs" if plain is DELETE and done else f"/jobs/{segment(id)}{_of(queue)}"
    return redirect(request, where, message=message, kind="done" if done else "wrong")


def _of(queue: str) -> str:
    """What a link to the same job ends in, where its queue was named: another queue may have its id."""
    return f"?queue={segment(queue)}" if queue else ""


def _progress(job: JobDetail) -> dict[str, object]:
    """How far it is, in whole percent, and what it said of it."""
    progress = job.progress or {}
    share = progress.get("fraction")
    percent = round(min(max(share, 0), 1) * 100) if isinstance(share, (int, float)) else 0
    return {"percent": percent, "said": str(progress.get("message") or "")}
