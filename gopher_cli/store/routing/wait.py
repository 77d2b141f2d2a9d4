"""Waiting for wake tokens that live on several servers: for each apart, since no command spans them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

_KEPT = 0.05  # seconds


class Waits:
    """A wait that is not over when another comes to its end stays for the next time, and keeps its
    connection. But not for long: its token would wake nobody while we are at work.
    """

    def __init__(self, wait: Callable[[Sequence[str], float], Awaitable[bool]]) -> None:
        self._wait = wait
        self._running: dict[str, asyncio.Future[bool]] = {}
        self._giving_up: asyncio.TimerHandle | None = None

    async def first(self, tokens: Sequence[str], seconds: float) -> bool:
        """Whether a token came before the first of these waits was over. Raises what a wait raises."""
        if self._giving_up is not None:
            self._giving_up.cancel()
        for token in tokens:
            if token not in self._running:
                self._running[token] = asyncio.ensure_future(self._wait([token], seconds))
        try:
            waits = [self._running[token] for token in tokens]
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._giving_up = asyncio.get_running_loop().call_later(_KEPT, self._give_up)
        self._running = {token: wait for token, wait in self._running.items() if not wait.done()}
        errors = [error for wait in done if (error := wait.exception()) is not None]
        if any(wait.exception() is None and wait.result() for wait in done):
            return True
        if errors:
            raise errors[0]
        return False

    def _give_up(self) -> list[asyncio.Future[bool]]:
        running, self._running = list(self._running.values()), {}
        for wait in running:
            wait.cancel()
        return running

    async def close(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
        await asyncio.gather(*self._give_up(), return_exceptions=True)
