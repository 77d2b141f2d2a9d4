"""Workers, and the server that they all share."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.findings import Finding
from gopher_cli.web.dashboard.reading import gopher_of
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.route import PageRoute
from gopher_cli.web.problems import soon

router = APIRouter(route_class=PageRoute)


@router.get("/workers")
async def workers(request: Request) -> Response:
    found = await soon(gopher_of(request).workers())
    return page(request, "workers.html", workers=found)


@router.get("/server")
async def server(request: Request) -> Response:
    gopher = gopher_of(request)
    stats, findings = await soon(asyncio.gather(gopher.stats(), _findings(gopher)))
    return page(request, "server.html", stats=stats, server=stats.server, findings=findings)


async def _findings(gopher: Gopher) -> list[Finding] | None:
    """What the doctor says about server and fleet; None where it could not look."""
    try:
        async with asyncio.timeout(1):
            return list((await gopher.diagnose(data=False)).findings)
    except (GopherError, TimeoutError):
        return None
