"""Scheduled: jobs that wait for their moment, the next one first."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.select.actions import CANCEL, DELETE, RUN_NOW
from gopher_cli.model.select.filter import Filter
from gopher_cli.web.dashboard.page_route import PageRoute
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.views.queries import lines_of
from gopher_cli.web.dashboard.views.search import depths
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute)
_MOST = 100


@router.get("/scheduled")
async def scheduled(request: Request) -> Response:
    gopher = gopher_of(request)
    rows = await soon(gopher.due_next(_MOST))
    counts = await soon(depths(gopher, Filter())) or {}
    return page(
        request, "scheduled.html", lines=await soon(lines_of(gopher, rows)),
        total=counts["scheduled"] + counts["retrying"], most=_MOST, now=await soon(gopher.time_ms()),
        actions=[RUN_NOW, CANCEL, DELETE],
    )  # fmt: skip
