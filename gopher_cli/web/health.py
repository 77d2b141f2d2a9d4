"""Whether this server lives, and can do its work: for those who balance load and restart things."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Denied, GopherError, Outdated, Unavailable
from gopher_cli.model.schedule.expect import LATE
from gopher_cli.version import __version__
from gopher_cli.web.api.support import openapi
from gopher_cli.web.server.problems import RETRY_AFTER, soon

_FRESH = 1.0  # seconds that an answer of Redis counts
_RECENT = 5.0  # seconds for which it counts how many jobs are late
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


class Readiness:
    """Looks at Redis once a second at most, for all who ask."""

    def __init__(self, gopher: Gopher) -> None:
        self._gopher = gopher
        self._looked_at = float("-inf")
        self._word = ""
        self._lock = asyncio.Lock()

    async def word(self) -> str:
        """connected, unreachable, denied, outdated or failing."""
        async with self._lock:
            if time.monotonic() - self._looked_at > _FRESH:
                self._word = await self._look()
                self._looked_at = time.monotonic()
        return self._word

    async def _look(self) -> str:
        try:
            await soon(self._gopher.queues())  # it looks at the version of the data as well
        except GopherError as error:
            return _word(error)
        return "connected"


class Lateness:
    """How many expected jobs are late, looked at now and then: anybody may ask, and there may be many."""

    def __init__(self, gopher: Gopher) -> None:
        self._gopher = gopher
        self._looked_at = float("-inf")
        self._count: int | None = None
        self._lock = asyncio.Lock()

    async def count(self) -> int | None:
        """None where it cannot be told."""
        async with self._lock:
            if time.monotonic() - self._looked_at > _RECENT:
                self._count = None
                with suppress(GopherError):
                    self._count = sum(one.state == LATE for one in await soon(self._gopher.expects()))
                self._looked_at = time.monotonic()
        return self._count


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
    word, leaving = await request.app.state.readiness.word(), request.app.state.draining
    reasons = [] if word == "connected" else [f"redis: {word}"]
    if leaving:
        reasons.append("draining")
    said = Ready(status="not ready" if reasons else "ready", reasons=reasons)
    if "verbose" in request.query_params:
        said.checks = {"redis": word, "draining": "yes" if leaving else "no"}
    return _answer(503 if reasons else 200, said)


@router.get(
    "/health", summary="Say whether Redis answers", operation_id="health",
    responses={200: openapi.answer("Redis answers", "Health"), 503: openapi.answer("it does not", "Health")},
)  # fmt: skip
async def health(request: Request) -> Response:
    """200 when it does, 503 when not, or when its memory is full. Needs no key."""
    gopher: Gopher = request.app.state.gopher
    try:
        workers = await soon(gopher.workers())
        full = await soon(gopher.memory_is_full())
    except GopherError as error:
        return _answer(503, Health(status="degraded", redis=_word(error), workers=None))
    alive = sum(worker.alive for worker in workers)
    if full:
        return _answer(503, Health(status="degraded", redis="full", workers=alive))
    late = await request.app.state.lateness.count()
    return _answer(200, Health(status="healthy", redis="connected", workers=alive, late=late))


def _word(error: GopherError) -> str:
    match error:
        case Unavailable():
            return "unreachable"
        case Denied():
            return "denied"
        case Outdated():
            return "outdated"
    return "failing"


def _answer(status: int, said: Any) -> Response:
    headers = {"Cache-Control": "no-store"} | (RETRY_AFTER if status == 503 else {})
    return Response(msgspec.json.encode(said), status, headers, media_type="application/json")
