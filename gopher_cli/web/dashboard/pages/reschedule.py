"""Another time for one job, or for those that were ticked: a page asks when, and what it came to is told."""

from __future__ import annotations

import re
from functools import partial

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.errors import Usage
from gopher_cli.model.select.actions import RESCHEDULE
from gopher_cli.model.text.duration import parse_duration, parse_when
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import Form, checked_form
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.pages.login import local
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.views import job_actions
from gopher_cli.web.dashboard.views.queries import job_at
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute, dependencies=[Depends(needs(OPERATE))])
_MOST = 1000


@router.get("/reschedule")
async def ask(request: Request) -> Response:
    """Of jobs that were named one by one: all at once would be due in one moment."""
    given = Given(request)
    back = given.free_text("back", 2000, "/scheduled")
    if given.free_text("all", 1):
        message = "Nothing was done: tick the jobs that get another time, not all that match."
        return redirect(request, local(back), message=message, kind="wrong")
    picked = job_actions.picked_jobs(request.query_params.getlist("job"))
    return await _ask(request, picked, back, Form({}), "")


@router.post("/reschedule")
async def act(request: Request) -> Response:
    form = await checked_form(request)
    picked, back = job_actions.picked_jobs(form.all("job"))[:_MOST], form.one("back")
    try:
        due, delay = moment_of(form.one("when"))
        act = partial(gopher_of(request).reschedule, due=due, delay=delay)
        counts = await soon(job_actions.done_to(picked, act), 2)
    except (Usage, ValueError) as error:
        return await _ask(request, picked, back, form, str(error))
    message, done = job_actions.sentence(RESCHEDULE, counts)
    return redirect(request, local(back), message=message, kind="done" if done else "wrong")


def moment_of(text: str) -> tuple[float | None, float]:
    """Epoch seconds of a time, or the seconds of a duration from now. Raises ValueError."""
    try:
        if not re.fullmatch(r"[0-9]{8,}", text.strip()):  # a date without dashes, or seconds since 1970
            return None, parse_duration(text)
    except ValueError:
        pass
    try:
        return parse_when(text), 0.0
    except ValueError:
        message = f"{text[:40]!r} is neither a duration nor a time"
        raise ValueError(f"{message}: write 10m, 2h30m or 2030-01-31T08:00:00Z") from None


async def _ask(
    request: Request, picked: list[tuple[str, str]], back: str, form: Form, wrong: str
) -> Response:
    if not picked:
        return redirect(request, local(back), message="No job is selected.", kind="wrong")
    only = await _only(request, *picked[0]) if len(picked) == 1 else None
    return page(
        request, "reschedule.html", status=422 if wrong else 200, picked=picked, back=local(back), form=form,
        faults={"when": wrong} if wrong else {}, soon=["10m", "1h", "6h", "1d"], only=only,
    )  # fmt: skip


async def _only(request: Request, queue: str, id: str) -> JobDetail:
    """The one job that is meant. Raises NotFound, Problem 409 for one that waits for no moment."""
    job = await soon(job_at(gopher_of(request), id, queue))
    if not RESCHEDULE.allows(job.state):
        message = f"This job is {job.state}: another time is for what is {' or '.join(RESCHEDULE.states)}."
        raise Problem(409, message)
    return job
