"""Schedules: what recurs, its next run, what became of the last ones; a page for each, with its buttons."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from itertools import islice
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE, SUBMIT
from gopher_cli.model.errors import Conflict
from gopher_cli.model.job.fields import Field, given_in
from gopher_cli.model.job.job import Spec
from gopher_cli.model.schedule.next_runs import next_runs_of
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import checked_form
from gopher_cli.web.dashboard.forms.schedule_options import SHOWN
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.views.resubmit import as_schedule
from gopher_cli.web.dashboard.views.schedule_table import line_of
from gopher_cli.web.dashboard.views.template_filters import segment
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute)
_PAGE = 100
_LONGEST = 300  # characters of a reason


@router.get("/schedules")
async def schedules(request: Request) -> Response:
    gopher, given = gopher_of(request), Given(request)
    queue, after = given.free_text("queue", 200), given.free_text("after", 300)
    (names, foreign), expects = await soon(asyncio.gather(gopher.schedule_names(), gopher.expects()), 1)
    counts = Counter([*(of for of, _ in names), *(pair.queue for pair in expects)])
    mine = sorted(pair for pair in names if queue in ("", pair[0]))
    first = bisect_right(mine, _parted(after)) if after else 0
    some = mine[first : first + _PAGE]
    rows, more_foreign = await soon(gopher.schedules_named(some))
    now = await soon(gopher.time_ms())
    return page(
        request, "schedules.html", lines=[line_of(row, now) for row in rows], counts=sorted(counts.items()),
        total=counts.total(), chosen=queue, after=after, now=now, unreadable=[*foreign, *more_foreign],
        more="/".join(some[-1]) if first + _PAGE < len(mine) else "",
        expects=[pair for pair in expects if not queue or pair.queue == queue],
    )  # fmt: skip


def _parted(text: str) -> tuple[str, str]:
    """Queue and name, as an address says behind which of them a page begins."""
    queue, _, name = text.rpartition("/")
    return queue, name


@router.get("/schedules/{queue}/{name}")
async def schedule(queue: str, name: str, request: Request) -> Response:
    gopher = gopher_of(request)
    row, now = await soon(gopher.schedule_row(name, queue)), await soon(gopher.time_ms())
    return page(
        request, "schedule.html", row=row, line=line_of(row, now), now=now,
        may_run=request.state.caller.may(SUBMIT, queue),
        place=place_of(queue, name), times=list(islice(next_runs_of(row, now / 1000), SHOWN)),
        asked=_asked(row.schedule.spec) if row.schedule else [],
        command=as_schedule(row.schedule) if row.schedule else "",
    )  # fmt: skip


def _asked(spec: Spec) -> list[tuple[Field, Any]]:
    """But what the page says in words of its own."""
    return [row for row in given_in(spec) if row[0].name not in ("priority", "max_retries", "timeout")]


@router.post("/schedules/{queue}/{name}/run", dependencies=[Depends(needs(SUBMIT))])
async def run(queue: str, name: str, request: Request) -> Response:
    """Once more, now, beside its ticks."""
    await checked_form(request)
    if not request.state.caller.may(SUBMIT, queue):
        raise Problem(403, f"this key may not submit to {queue}")
    try:
        id = await soon(gopher_of(request).run_schedule(name, queue))
    except Conflict as error:
        return redirect(request, place_of(queue, name), message=f"Not run: {error}.", kind="wrong")
    return redirect(request, f"/jobs/{segment(id)}?queue={segment(queue)}", message=f"{name} runs now.")


@router.post("/schedules/{queue}/{name}/pause", dependencies=[Depends(needs(OPERATE))])
async def pause(queue: str, name: str, request: Request) -> Response:
    form = await checked_form(request)
    work = gopher_of(request).pause_schedule(name, queue, form.one("reason")[:_LONGEST])
    message = f"{name} is paused." if await soon(work) else f"{name} was paused already."
    return redirect(request, place_of(queue, name), message=message)


@router.post("/schedules/{queue}/{name}/resume", dependencies=[Depends(needs(OPERATE))])
async def resume(queue: str, name: str, request: Request) -> Response:
    await checked_form(request)
    changed = await soon(gopher_of(request).resume_schedule(name, queue))
    message = f"{name} is resumed: it counts from now on." if changed else f"{name} was not paused."
    return redirect(request, place_of(queue, name), message=message)


@router.post("/schedules/{queue}/{name}/remove", dependencies=[Depends(needs(OPERATE))])
async def remove(queue: str, name: str, request: Request) -> Response:
    await checked_form(request)
    await soon(gopher_of(request).drop_schedule(name, queue))
    return redirect(request, "/schedules", message=f"{name} is removed. The jobs that it has made stay.")


def place_of(queue: str, name: str) -> str:
    """The address of the page of a schedule."""
    return f"/schedules/{segment(queue)}/{segment(name)}"
