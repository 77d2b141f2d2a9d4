"""Send Calls and Asks to Redis, asynchronously.

Every script may be sent twice with the same effect as once, so that one quick repeat after a
broken connection is safe; redis-py's own repeats are off, because they also hit plain commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.exceptions import ConnectionError, NoScriptError, RedisError

from gopher_cli.model.errors import GopherError
from gopher_cli.store import packing
from gopher_cli.store.ask import Ask
from gopher_cli.store.calls.base import Call
from gopher_cli.store.connection import connection_settings
from gopher_cli.store.failures import translate
from gopher_cli.store.url import Address

T = TypeVar("T")


def _transport(settings: dict[str, Any]) -> dict[str, Any]:
    """The same settings with the class of connection that they ask for."""
    if "unix_socket_path" in settings:
        return settings | {"path": settings.pop("unix_socket_path"), "connection_class": packing.UNIX}
    return settings | {"connection_class": packing.TLS if settings.pop("ssl", False) else packing.TCP}


class RedisStore:
    """One client per lane, so that a wait, a heartbeat and a settlement never queue behind each other."""

    def __init__(self, address: Address, *, timeout: float = 5.0) -> None:
        self.address = address
        self._timeout = timeout
        self._lanes: dict[str, Any] = {}

    def _lane(self, name: str) -> Any:
        if name not in self._lanes:
            # A lane that waits has its deadline outside of the client library.
            timeout = None if name == "wait" else self._timeout
            settings = connection_settings(self.address, timeout, Retry)
            self._lanes[name] = Redis.from_pool(ConnectionPool(**_transport(settings)))
        return self._lanes[name]

    async def run(self, call: Call[T], lane: str = "main") -> T:
        """Raises Unavailable, TryLater, Denied, BadData or BadConfig, as Redis refuses."""
        redis = self._lane(lane)
        try:
            try:
                raw = await self._evalsha(redis, call)
            except ConnectionError:
                raw = await self._evalsha(redis, call)
        except (RedisError, OSError) as error:
            raise self._translated(error) from error
        return call.answer(raw)

    async def _evalsha(self, redis: Any, call: Call[Any]) -> Any:
        head = (len(call.keys), *call.keys, *call.argv)
        try:
            return await redis.execute_command("EVALSHA", call.script.sha, *head)
        except NoScriptError:
            return await redis.execute_command("EVAL", call.script.source, *head)

    async def run_many(self, calls: Sequence[Call[T]], lane: str = "main") -> list[T]:
        """One round trip for many. Each call is atomic, the whole is not."""
        redis = self._lane(lane)
        try:
            pipe = redis.pipeline(transaction=False)
            for call in calls:
                pipe.execute_command("EVALSHA", call.script.sha, len(call.keys), *call.keys, *call.argv)
            answers = await pipe.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            raise self._translated(error) from error
        results = []
        for call, raw in zip(calls, answers, strict=True):
            if isinstance(raw, NoScriptError):
                results.append(await self.run(call, lane))
            elif isinstance(raw, Exception):
                raise self._translated(raw) from raw
            else:
                results.append(call.answer(raw))
        return results

    async def ask(self, ask: Ask[T], lane: str = "main") -> T:
        redis = self._lane(lane)
        if not ask.commands:
            return ask.answer([])
        try:
            if len(ask.commands) == 1:
                return ask.answer([await redis.execute_command(*ask.commands[0])])
            pipe = redis.pipeline(transaction=False)
            for command in ask.commands:
                pipe.execute_command(*command)
            return ask.answer(await pipe.execute())
        except (RedisError, OSError) as error:
            raise self._translated(error) from error

    async def wait(self, ask: Ask[bool], seconds: float) -> bool:
        """Block for a wake token. The connection is thrown away when it overstays."""
        try:
            async with asyncio.timeout(seconds + self._timeout):
                return await self.ask(ask, "wait")
        except TimeoutError:
            await self.drop("wait")
            return False

    async def drop(self, lane: str) -> None:
        """Throw a lane's connections away: the next use opens new ones."""
        redis = self._lanes.pop(lane, None)
        if redis is not None:
            await redis.aclose()

    def _translated(self, error: BaseException) -> GopherError:
        return translate(error, str(self.address))

    async def close(self) -> None:
        for lane in list(self._lanes):
            await self.drop(lane)
