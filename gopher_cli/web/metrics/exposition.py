"""/metrics for Prometheus: what Redis knows, the same on every server, and what this process knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.gopher import Gopher
from gopher_cli.model.access.scopes import METRICS
from gopher_cli.model.errors import GopherError, Unavailable
from gopher_cli.web.api.support.openapi import problems
from gopher_cli.web.auth.authenticate import needs
from gopher_cli.web.metrics.families import down, families, of_this_build
from gopher_cli.web.server.accept import prefers
from gopher_cli.web.server.compression import Compression
from gopher_cli.web.server.problems import soon
from gopher_cli.web.server.traffic import Traffic

_FRESH = 1.0  # seconds that an answer serves everybody who asks
_TYPES = {True: openmetrics.CONTENT_TYPE_LATEST, False: CONTENT_TYPE_PLAIN_0_0_4}
_TEXT = {"schema": {"type": "string"}}
_needs_metrics = needs(METRICS)
router = APIRouter(tags=["metrics"])


class Exposition:
    """The text of a moment, in both formats; those who ask at the same time wait for the same one."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._made: dict[tuple[bool, bool], tuple[float, bytes]] = {}
        self._making = asyncio.Lock()

    async def text(self, gopher: Gopher | None, *, modern: bool) -> bytes:
        """``modern`` is OpenMetrics; without a Gopher it is of this process alone."""
        kind = (modern, gopher is None)
        async with self._making:
            made, text = self._made.get(kind, (float("-inf"), b""))
            if time.monotonic() - made >= _FRESH:
                metrics = await self._gather(gopher)
                # Hundreds of types are megabytes of text: not on the loop.
                text = await asyncio.to_thread(self._render, metrics, modern=modern)
                self._made[kind] = time.monotonic(), text
            return text

    async def _gather(self, gopher: Gopher | None) -> list[Metric]:
        """Without Redis it is no error: `gopher_redis_up 0` is what an alert waits for, and a failed scrape
        would hide it together with the metrics of this process, just when they are wanted."""
        with suppress(GopherError):
            if gopher:
                return [of_this_build(), *families(await soon(gopher.figures()))]
        return [of_this_build(), down()]

    def _render(self, metrics: Iterable[Metric], *, modern: bool) -> bytes:
        registry = CollectorRegistry()
        registry.register(_Given(metrics))
        registry.register(_Given(self._traffic.registry.collect()))
        if modern:
            return bytes(openmetrics.generate_latest(registry))  # type: ignore[no-untyped-call]
        return generate_latest(registry)


class _Given(Collector):
    """Metrics that are there already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


async def may_scrape(request: Request) -> None:
    """The scope `metrics`. Where nobody can tell if a key is needed, the process at least may be told of."""
    try:
        await _needs_metrics(request)
    except Unavailable:
        if await request.app.state.door.surely_asks():
            raise
        request.state.only_of_this_process = True


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
    state = request.app.state
    gopher = None if getattr(request.state, "only_of_this_process", False) else state.gopher
    text = await state.exposition.text(gopher, modern=modern)
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    return Compression(text, headers=headers, media_type=_TYPES[modern])


def install(app: FastAPI) -> None:
    """The route, behind its scope, and what it tells of this process."""
    app.state.traffic = Traffic()
    app.state.exposition = Exposition(app.state.traffic)
    app.include_router(router, dependencies=[Depends(may_scrape)])
