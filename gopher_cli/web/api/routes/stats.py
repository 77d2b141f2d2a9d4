"""Counts and times over HTTP: the flat totals first, then all that `gopher stats` shows."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.web.api.routes.jobs import answered
from gopher_cli.web.api.support import openapi
from gopher_cli.web.server.parameters import Parameters
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(prefix="/api/v1", tags=["stats"])
_QUERY = Parameters("queue")


@router.get(
    "/stats", summary="Count everything", operation_id="get_stats",
    responses=openapi.problems(s404="no such queue", s422="a wrong parameter")
    | {200: openapi.answer("counts and times", "Stats")},
    openapi_extra={"parameters": _QUERY.described},
)  # fmt: skip
async def stats(request: Request) -> Response:
    """`backlog` and `oldest_age_seconds` are flat, for autoscalers."""
    queues = _QUERY.read(request).words("queue")
    return answered(await soon(gopher_of(request).stats(queues)))
