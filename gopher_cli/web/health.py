"""Whether this server can do its work, for those who balance load and restart things."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli import __version__
from gopher_cli.model.errors import Denied, GopherError, Unavailable
from gopher_cli.web.api import openapi
from gopher_cli.web.problems import RETRY_AFTER, soon

router = APIRouter(tags=["health"])


class Health(msgspec.Struct, kw_only=True):
    """`status` is healthy or degraded, `redis` is connected, unreachable, denied or failing."""

    status: str
    redis: str
    workers: int | None
    version: str = __version__


@router.head("/health", include_in_schema=False)
@router.get(
    "/health",
    summary="Say whether Redis answers",
    operation_id="health",
    responses=openapi.health_answers,
)
async def health(request: Request) -> Response:
    """200 when it does, 503 when not. Needs no key."""
    try:
        workers = await soon(request.app.state.gopher.workers())
    except GopherError as error:
        return _answer(503, Health(status="degraded", redis=_word(error), workers=None))
    alive = sum(worker.alive for worker in workers)
    return _answer(200, Health(status="healthy", redis="connected", workers=alive))


def _word(error: GopherError) -> str:
    match error:
        case Unavailable():
            return "unreachable"
        case Denied():
            return "denied"
    return "failing"


def _answer(status: int, said: Health) -> Response:
    headers = {"Cache-Control": "no-store"} | (RETRY_AFTER if status == 503 else {})
    return Response(msgspec.json.encode(said), status, headers, media_type="application/json")
