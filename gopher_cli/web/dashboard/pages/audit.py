"""The audit: who did what, and to how much of it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.web.dashboard.page_route import PageRoute
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute)
_PAGE = 100


@router.get("/audit")
async def audit(request: Request) -> Response:
    gopher, before = gopher_of(request), Given(request).free_text("before", 80)
    entries = await soon(gopher.audit_log(limit=_PAGE, before=before))
    older = entries[-1].id if len(entries) == _PAGE else ""
    return page(
        request, "audit.html", entries=entries, before=before, older=older, now=await soon(gopher.time_ms())
    )
