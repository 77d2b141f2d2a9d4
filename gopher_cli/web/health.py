"""Whether this server lives, and can do its work: for those who balance load and restart things."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.errors import GopherError
from gopher_cli.version import __version__
from gopher_cli.web.api.support import openapi
from gopher_cli.web.server.problems import RETRY_AFTER, soon
from gopher_cli.web.services.readiness import word_of
from gopher_cli.web.services.services import services_of

router = APIRouter(tags=["health"])


class Health(msgspec.Struct, kw_only=True):
    """`status` is healthy or degraded, `redis` is connected, full, unreachable, denied or failing.

    full: its memory is; jobs are worked off, and submits are refused. `late` counts the expected jobs that
    are late: no fault of this server, which is healthy all the same.
    """

    status: str
    redis: str
    workers: int | None
    late: int | None = None
    version: str = __version__


class Living(msgspec.Struct, kw_only=True):
    """`status` is alive."""

    status: str = "alive"
    version: str = __version__


class Ready(msgspec.Struct, kw_only=True):
    """`status` is ready or not ready, and `reasons` say why not."""

    status: str
    reasons: list[str]
    checks: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


openapi.SCHEMAS += [Health, Living, Ready]


@router.get(
    "/livez", summary="Say that this process lives", operation_id="livez",
    responses={200: openapi.answer("it does", "Living")},
)  # fmt: skip
async def livez() -> Response:
    """Nothing is asked of Redis: who restarts a server because of that restarts it for nothing."""
    return _answer(200, Living())


@router.get("/healthz", include_in_schema=False)
@router.get(
    "/readyz", summary="Say whether requests should come here", operation_id="readyz",
    responses={200: openapi.answer("they should", "Ready"), 503: openapi.answer("they should not", "Ready")},
    openapi_extra={"parameters": [
        {"name": "verbose", "in": "query", "schema": {"type": "string"}, "description": "tell each check"}
    ]},
)  # fmt: skip
async def readyz(request: Request) -> Response:
    """503 with reasons while Redis is away, and as soon as this server is about to end."""
    services = services_of(request)
    word, leaving = await services.readiness.word(), services.lifecycle.draining
    reasons = [] if word == "connected" else [f"redis: {word}"]
    if leaving:
        reasons.append("draining")
    ready = Ready(status="not ready" if reasons else "ready", reasons=reasons)
    if "verbose" in request.query_params:
        ready.checks = {"redis": word, "draining": "yes" if leaving else "no"}
    return _answer(503 if reasons else 200, ready)


@router.get(
    "/health", summary="Say whether Redis answers", operation_id="health",
    responses={200: openapi.answer("Redis answers", "Health"), 503: openapi.answer("it does not", "Health")},
)  # fmt: skip
async def health(request: Request) -> Response:
    """200 when it does, 503 when not, or when its memory is full. Needs no key."""
    services = services_of(request)
    try:
        workers = await soon(services.gopher.workers())
        full = await soon(services.gopher.memory_is_full())
    except GopherError as error:
        return _answer(503, Health(status="degraded", redis=word_of(error), workers=None))
    alive = sum(worker.alive for worker in workers)
    if full:
        return _answer(503, Health(status="degraded", redis="full", workers=alive))
    late = await services.lateness.count()
    return _answer(200, Health(status="healthy", redis="connected", workers=alive, late=late))


def _answer(status: int, body: Any) -> Response:
    headers = {"Cache-Control": "no-store"} | (RETRY_AFTER if status == 503 else {})
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")
