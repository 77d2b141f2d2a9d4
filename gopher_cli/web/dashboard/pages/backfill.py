"""Backfill: jobs for instants of a schedule that are over; a page says how many first."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.schedule.recurrence import BadSchedule
from gopher_cli.model.schedule.schedule import Schedule
from gopher_cli.model.schedule.schedule_state import Backfill
from gopher_cli.model.text.humanize import number, plural
from gopher_cli.model.text.local_time import parse_local
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import Form, checked_form
from gopher_cli.web.dashboard.forms.form_values import Faults
from gopher_cli.web.dashboard.forms.schedule_options import clocks_of
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.pages.schedules import place_of
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute, dependencies=[Depends(needs(OPERATE))])
_MOST = 10_000  # that one request makes
_SECONDS = 3


@router.get("/schedules/{queue}/{name}/backfill")
async def ask(queue: str, name: str, request: Request) -> Response:
    return await _ask(request, queue, name, Form({}))


@router.post("/schedules/{queue}/{name}/backfill")
async def act(queue: str, name: str, request: Request) -> Response:
    """The first time it counts; with ``sure`` it makes the jobs."""
    form = await checked_form(request)
    schedule = await _known(request, queue, name)
    moments, faults = _moments(form, schedule)
    if faults:
        return await _ask(request, queue, name, form, faults)
    try:
        counted = await _backfill(request, queue, name, form, moments, dry_run=True)
        if not form.one("sure") or not counted.made:
            return await _ask(request, queue, name, form, counted=counted)
        done = await _backfill(request, queue, name, form, moments, dry_run=False)
    except BadSchedule as error:
        return await _ask(request, queue, name, form, {error.field: str(error)})
    known = f", {number(len(done.known))} known already" if done.known else ""
    message = f"{plural(len(done.made), 'job')} made{known}."
    return redirect(request, place_of(queue, name), message=message, kind="done" if done.made else "wrong")


async def _backfill(
    request: Request, queue: str, name: str, form: Form, moments: tuple[float, float], *, dry_run: bool
) -> Backfill:
    work = gopher_of(request).backfill(
        name, *moments, queue, again=bool(form.one("again")), dry_run=dry_run, most=_MOST
    )
    return await soon(work, _SECONDS)


async def _known(request: Request, queue: str, name: str) -> Schedule:
    row = await soon(gopher_of(request).schedule_row(name, queue))
    if row.schedule is None:
        raise Problem(409, f"it cannot be read: {row.problem}")
    return row.schedule


def _moments(form: Form, schedule: Schedule) -> tuple[tuple[float, float], Faults]:
    """From when until when (epoch s), and what cannot be read by the name of the input."""
    moments, faults = [0.0, 0.0], Faults()
    for n, name in enumerate(("from", "to")):
        try:
            moments[n] = parse_local(form.one(name), clocks_of(schedule.when.tz))
        except ValueError as error:
            faults[name] = f"{name}: {error}"
    return (moments[0], moments[1]), faults


def _ends(schedule: Schedule, form: Form) -> tuple[int, int]:
    """The first and the last instant that are meant, in epoch ms."""
    (first, last), _ = _moments(form, schedule)
    first, last = schedule.instants.after(first - 1e-3) or 0, schedule.instants.before(last + 1e-3) or 0
    return round(first * 1000), round(last * 1000)


async def _ask(
    request: Request, queue: str, name: str, form: Form, faults: Faults | None = None,
    counted: Backfill | None = None,
) -> Response:  # fmt: skip
    schedule, faults = await _known(request, queue, name), faults or {}
    return page(
        request, "backfill.html", status=422 if faults else 200, schedule=schedule, counted=counted,
        form=form,
        place=place_of(queue, name), faults=faults, wrong=[*faults.items()],
        ends=_ends(schedule, form) if counted and counted.made else (),
    )  # fmt: skip
