"""The text for Prometheus: what Redis knows, the same on every server, and what this process knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.web.metrics.families import down, families, of_this_build
from gopher_cli.web.server.problems import soon
from gopher_cli.web.server.traffic import Traffic

_FRESH = 1.0  # seconds that an answer serves everybody who asks
TYPES = {True: openmetrics.CONTENT_TYPE_LATEST, False: CONTENT_TYPE_PLAIN_0_0_4}


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
        """That is not an error: `gopher_redis_up 0` is what an alert waits for, and a failed scrape
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
