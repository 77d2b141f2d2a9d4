"""What is known of Redis: while it is away, nobody stands and waits to find that out once more.

One request at a time still tries, and the first answer opens the way for all. So a server that is stopped
costs each client a moment and not its whole patience, and one that comes back is noticed at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from gopher_cli.model.errors import TryLater, Unavailable
from gopher_cli.model.job.durability import MEMORY, Durability
from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.calls import Call
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import Address

T = TypeVar("T")
_SILENT = 1.0  # seconds after which giving up means that Redis is away
_TRY = 2.0  # seconds that one who tries may take before the next one does
_SELDOM = 30.0  # seconds between two warnings about a cluster
_log = logging.getLogger("gopher.web")


class BreakerStore(RedisStore):
    """A store that answers for a lone Redis that is away. A cluster has many, and others may be there."""

    away = False
    _warned = float("-inf")
    _told = False  # whether our log says that Redis is away
    _heard = _trying = float("-inf")  # the last answer; the last try while it was away

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._refused: dict[str, str] = {}  # what it does not do for now, and why

    async def run(self, call: Call[T], lane: str = "main", durability: Durability = MEMORY) -> T:
        return await self._through(super().run(call, lane, durability), call.script.name)

    async def run_many(self, calls: Sequence[Call[T]], lane: str = "main") -> list[T]:
        name = calls[0].script.name if calls else ""
        return await self._through(super().run_many(calls, lane), name)

    async def ask(self, ask: Ask[T], lane: str = "main", node: Address | None = None) -> T:
        name = str(ask.commands[0][0]) if ask.commands else ""
        return await self._through(super().ask(ask, lane, node), name)

    async def _through(self, work: Coroutine[Any, Any, T], name: str) -> T:
        began = time.monotonic()
        if self.away:
            if began - self._trying < _TRY:
                work.close()
                raise Unavailable("Redis is away", "gopher health tells when it is back")
            self._trying = began
        try:
            answer = await work
        except Unavailable as error:
            self._missed(began, str(error))
            raise
        except TryLater as error:
            self._refuse(name, str(error))
            raise
        except asyncio.CancelledError:  # whoever asked has waited long enough, or has gone
            if time.monotonic() - began > _SILENT:
                self._missed(began, "Redis does not answer in time")
            raise
        if self._told:
            self._told = False
            _log.info("Redis is back")
        self.away, self._heard = False, time.monotonic()
        if self._refused.pop(name, "") and not self._refused:
            _log.info("Redis takes all writes again")
        return answer

    def _refuse(self, name: str, why: str) -> None:
        """Said once, however many requests meet it: a full memory lasts."""
        if why not in self._refused.values():
            _log.warning("%s", why)
        self._refused[name] = why

    def _missed(self, began: float, why: str) -> None:
        """Nobody has heard anything since this one began to ask."""
        if self.scattered:
            self._warn_seldom(why)
        elif self._heard < began:
            self.away = True
            if not self._told:
                self._told = True
                _log.warning("%s", why)
        if self._trying == began:
            self._trying = float("-inf")

    def _warn_seldom(self, why: str) -> None:
        """Other nodes answer meanwhile, so there is no moment at which it is back."""
        if (now := time.monotonic()) - self._warned > _SELDOM:
            self._warned = now
            _log.warning("%s", why)
