"""How long a body and an answer may take: one look at all that is open, instead of an alarm for each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gopher_cli.web.server.exchange import Exchange

_STEP = 0.05  # seconds between two looks


class Deadlines:
    """A body has ``reading`` seconds to arrive, and its answer ``answering`` from there to its end.

    A route that waits because its client wants it to says for how long: ``request.state.patience``, in
    seconds, comes on top. One whose answer has no end says ``request.state.streams``.
    """

    def __init__(self, reading: float, answering: float) -> None:
        self._reading, self._answering = reading, answering
        self._open: dict[Exchange, asyncio.Task[None]] = {}
        self._alarm: asyncio.TimerHandle | None = None

    @contextmanager
    def over(self, exchange: Exchange) -> Iterator[None]:
        """Cancels what is done in here when it is late; ``exchange.is_late`` tells it from other ends."""
        task = asyncio.current_task()
        assert task
        self._open[exchange] = task
        if self._alarm is None:
            self._look()
        try:
            yield
        finally:
            del self._open[exchange]

    def _look(self) -> None:
        now = time.monotonic()
        for exchange, task in self._open.items():
            if not exchange.is_late and now - exchange.since > self._allowed(exchange):
                exchange.is_late = True
                task.cancel()
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_later(_STEP, self._look) if self._open else None

    def _allowed(self, exchange: Exchange) -> float:
        state = exchange.scope.get("state", {})
        if state.get("streams"):
            return float("inf")
        patience: float = state.get("patience", 0.0)
        return patience + (self._reading if exchange.is_hearing else self._answering)
