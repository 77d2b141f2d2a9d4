"""Workers, and the server that they all share."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.gopher import Gopher
from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.errors import GopherError, NotFound
from gopher_cli.model.findings import Finding
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import checked_form
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute)


@router.get("/workers")
async def workers(request: Request) -> Response:
    known = await soon(gopher_of(request).workers())
    return page(request, "workers.html", workers=known)


@router.post("/workers/{worker}/{order}", dependencies=[Depends(needs(OPERATE))])
async def order(worker: str, order: str, request: Request) -> Response:
    """Quiet, resume or stop one of them."""
    await checked_form(request)
    if order not in _SAID:
        raise NotFound("There is nothing at this address.")
    (ordered,) = await soon(gopher_of(request).order(worker, order))
    return redirect(request, "/workers", message=f"{ordered.worker} {_SAID[order]}.")


_SAID = {"quiet": "is told to be quiet", "resume": "is told to resume", "stop": "is told to stop"}


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
