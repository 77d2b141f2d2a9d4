"""Counts and times over HTTP: the flat totals first, then all that `gopher stats` shows."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.web.api import openapi
from gopher_cli.web.problems import soon

router = APIRouter(prefix="/api/v1", tags=["stats"])


@router.get(
    "/stats",
    summary="Count everything",
    operation_id="get_stats",
    responses=openapi.stats_answers,
)
async def stats(
    request: Request, queue: Annotated[list[str] | None, Query(description="only these")] = None
) -> Response:
    found = await soon(request.app.state.gopher.stats(queue or ()))
    fresh = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(found), 200, fresh, media_type="application/json")
