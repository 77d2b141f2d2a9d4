"""/metrics for Prometheus, behind the scope of its own."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import METRICS
from gopher_cli.model.errors import Unavailable
from gopher_cli.web.api.support.openapi import problems
from gopher_cli.web.authorize import needs
from gopher_cli.web.metrics.exposition import TYPES
from gopher_cli.web.server.accept import prefers
from gopher_cli.web.server.compression import Compression
from gopher_cli.web.services.services import services_of

_TEXT = {"schema": {"type": "string"}}
_needs_metrics = needs(METRICS)


async def may_scrape(request: Request) -> None:
    """The scope `metrics`. Where nobody can tell if a key is needed, the process at least may be told of."""
    try:
        await _needs_metrics(request)
    except Unavailable:
        if await services_of(request).authenticator.surely_asks():
            raise
        request.state.only_of_this_process = True


router = APIRouter(tags=["metrics"], dependencies=[Depends(may_scrape)])


@router.head("/metrics", include_in_schema=False)
@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    operation_id="metrics",
    response_class=Response,
    responses=problems() | {200: {"content": {"text/plain": _TEXT, "application/openmetrics-text": _TEXT}}},
)
async def metrics(request: Request) -> Response:
    """Text, or OpenMetrics where Accept asks for it. 200 also while Redis is away (`gopher_redis_up 0`)."""
    modern = prefers(request.headers, ["application/openmetrics-text"], "text/plain")
    services = services_of(request)
    gopher = None if getattr(request.state, "only_of_this_process", False) else services.gopher
    text = await services.exposition.text(gopher, modern=modern)
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    return Compression(text, headers=headers, media_type=TYPES[modern])
