"""Whoever does something to a queue may die, or be refused, at each of its round trips to Redis.

Every `await` of a verb, and every step of the generators in store/ways, ends in a round trip; so to fail
each of them in turn is to fail at every `await`. After each failure anybody repairs what is left, by what
every worker does all the time, and then the laws hold, nothing is lost, and nothing has run twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any

from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url


class Fault(StrEnum):
    """What happens at the round trip that is chosen."""

    DIES_BEFORE = "the process dies before it is sent"
    DIES_AFTER = "the process dies before it hears the answer"
    REFUSED = "Redis has no memory for it, and for the next one it has"
    MEANWHILE = "somebody else does something before it is sent"


class Unreliable(RedisStore):
    """At round trip ``at`` (from 1; 0 is never) the ``fault`` happens; ``meanwhile`` is what others do."""

    def __init__(self, url: str, fault: Fault | None = None, at: int = 0) -> None:
        super().__init__(parse_url(url), timeout=60.0)
        self.fault, self.at, self.trips = fault, at, 0
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None
        self.died = asyncio.Event()
        self.gone = False
        self._never: list[asyncio.Future[list[Any]]] = []

    def _lane(self, name: str, node: Any) -> Any:
        return _Gate(self, super()._lane(name, node))

    async def pass_(self, talk: Callable[[], Awaitable[list[Any]]]) -> list[Any]:
        if self.gone:
            raise ConnectionError("its process has ended")
        self.trips += 1
        if self.trips != self.at:
            return await talk()
        match self.fault:
            case Fault.REFUSED:
                raise Refusal("OOM command not allowed when used memory > 'maxmemory'.")
            case Fault.MEANWHILE:
                assert self.meanwhile
                await self.meanwhile()
                return await talk()
            case Fault.DIES_AFTER:
                await talk()
        self.died.set()
        self._never.append(asyncio.Future())
        return await self._never[-1]  # nothing of a dead process goes on

    def end(self) -> None:
        """What still runs of it in this process shall know that it is dead."""
        self.gone = self.died.is_set()
        for answer in self._never:
            if not answer.done():
                answer.set_exception(ConnectionError("its process has ended"))


class _Gate:
    def __init__(self, store: Unreliable, lane: Any) -> None:
        self._store, self._lane = store, lane

    async def talk(self, commands: Sequence[Any], patience: float | None = None) -> list[Any]:
        return await self._store.pass_(lambda: self._lane.talk(commands, patience))

    async def close(self) -> None:
        await self._lane.close()


async def until_it_ends(store: Unreliable, act: Awaitable[Any]) -> Any:
    """Run it to its end, or to its death; an exception of its own is answered."""
    task, death = asyncio.ensure_future(act), asyncio.ensure_future(store.died.wait())
    await asyncio.wait({task, death}, return_when=asyncio.FIRST_COMPLETED)
    for one in (task, death):
        one.cancel()
    store.end()
    (answer, _) = await asyncio.gather(task, death, return_exceptions=True)
    return answer
