"""Send Calls and Asks to Redis, asynchronously.

Every script may be sent twice with the same effect as once: so one quick repeat after a broken
connection is safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.exceptions import ConnectionError, NoScriptError, RedisError

from gopher_cli.model.errors import GopherError
from gopher_cli.store.ask import Ask
from gopher_cli.store.calls.base import Call, evalsha
from gopher_cli.store.connection import connections
from gopher_cli.store.failures import translate
from gopher_cli.store.lane import Lane
from gopher_cli.store.url import Address

T = TypeVar("T")


class RedisStore:
    """One lane for each kind of traffic: a wait, a heartbeat and a settlement never stand in line."""

    def __init__(self, address: Address, *, timeout: float = 5.0) -> None:
        self.address = address
        self._timeout = timeout
        self._make = connections(address, None, redis.asyncio, Retry)
        self._lanes: dict[str, Lane] = {}

    def _lane(self, name: str) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            # What waits brings its own deadline.
            lane = self._lanes[name] = Lane(self._make, None if name == "wait" else self._timeout)
        return lane

    async def run(self, call: Call[T], lane: str = "main") -> T:
        """Raises Unavailable, TryLater, Denied, BadData or BadConfig, as Redis refuses."""
        (answer,) = await self.run_many([call], lane)
        return answer

    async def run_many(self, calls: Sequence[Call[T]], lane: str = "main") -> list[T]:
        """One round trip for many. Each call is atomic, the whole is not."""
        commands = [evalsha(call) for call in calls]
        try:
            try:
                answers = await self._lane(lane).talk(commands)
            except ConnectionError:
                answers = await self._lane(lane).talk(commands)
            for index, call in enumerate(calls):
                if isinstance(answers[index], NoScriptError):
                    (answers[index],) = await self._lane(lane).talk([evalsha(call, whole=True)])
        except (RedisError, OSError) as error:
            raise self._translated(error) from error
        return [call.answer(self._checked(raw)) for call, raw in zip(calls, answers, strict=True)]

    async def ask(self, ask: Ask[T], lane: str = "main") -> T:
        """Raises as `run` does. Not repeated: plain commands need not be idempotent."""
        try:
            answers = await self._lane(lane).talk(ask.commands) if ask.commands else []
        except (RedisError, OSError) as error:
            raise self._translated(error) from error
        return ask.answer([self._checked(raw) for raw in answers])

    async def wait(self, ask: Ask[bool], seconds: float) -> bool:
        """Block for a wake token; a connection that overstays is thrown away."""
        try:
            async with asyncio.timeout(seconds + self._timeout):
                return await self.ask(ask, "wait")
        except TimeoutError:
            return False

    def _checked(self, raw: Any) -> Any:
        if isinstance(raw, RedisError):
            raise self._translated(raw) from raw
        return raw

    def _translated(self, error: BaseException) -> GopherError:
        return translate(error, str(self.address))

    async def close(self) -> None:
        for lane in self._lanes.values():
            await lane.close()
