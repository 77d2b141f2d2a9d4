"""Connections for one kind of traffic to one server. Each serves one caller at a time, and none is used
after an error. There are not too many of them: see line.

redis-py's connections without its clients: those cost more per command than Redis does, and repeat
commands by themselves. What goes wrong is a Refusal or an OSError: nobody above knows redis-py.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from gopher_cli.store.connections.pack import pack
from gopher_cli.store.connections.patience import Patience, count_arrivals
from gopher_cli.store.connections.pool import MOST, Pool, SyncPool
from gopher_cli.store.connections.send_buffer import LARGE, until_sent
from gopher_cli.store.errors.refusal import Refusal

_PIECE = 64 * 1024

# redis-py takes the code out of some texts, and makes it a class.
_CODES = {
    "OutOfMemoryError": "OOM ", "ReadOnlyError": "READONLY ", "BusyLoadingError": "LOADING ",
    "MasterDownError": "MASTERDOWN ", "ClusterDownError": "CLUSTERDOWN ", "TryAgainError": "TRYAGAIN ",
    "NoScriptError": "NOSCRIPT ", "MovedError": "MOVED ", "AskError": "ASK ", "ExecAbortError": "EXECABORT ",
    "NoPermissionError": "NOPERM ",
    "ClusterCrossSlotError": "CROSSSLOT ",
}  # fmt: skip


def _plain(error: RedisError) -> Exception:
    message = str(error)
    if isinstance(error, TimeoutError):
        return builtins.TimeoutError(message)
    if message.startswith("Authentication required"):
        return Refusal(f"NOAUTH {message}")
    if isinstance(error, AuthenticationError) or "username-password pair" in message:
        return Refusal(f"WRONGPASS {message}")
    if "max number of clients" in message:
        return Refusal(f"ERR {message}")
    if isinstance(error, ConnectionError) and not isinstance(error, BusyLoadingError):
        return builtins.ConnectionError(message)
    return Refusal(_CODES.get(type(error).__name__, "") + message)


class Lane:
    """For asyncio. ``make`` makes an unconnected connection; ``timeout`` (s) is how long no byte may move.

    The connections have no time-out of their own: redis-py's would lose a cancellation on Python 3.11.
    """

    def __init__(self, make: Callable[[], Any], timeout: float | None, most: int = MOST) -> None:
        self._timeout = timeout
        self._pool = Pool(make, timeout, most)

    async def talk(self, commands: Sequence[Sequence[Any]], patience: float | None = None) -> list[Any]:
        """Answers in order; what Redis refused is a Refusal among them.

        Raises OSError, or a Refusal of the connection itself. ``patience`` (s) is less than the time-out.
        """
        connection = await self._pool.take()
        try:
            async with asyncio.timeout(None) as deadline:
                watch = Patience(connection, deadline, patience or self._timeout, self._pool)
                try:
                    answers = await self._exchange(connection, commands)
                finally:
                    watch.end()
        except BaseException as error:
            await self._end(connection)
            if isinstance(error, RedisError):
                raise _plain(error) from error
            raise
        self._pool.give(connection)
        return answers

    async def _end(self, connection: Any) -> None:
        """Half an answer may be on its way, and others of this lane are likely as dead."""
        try:
            await connection.disconnect(nowait=True)
            await self.close()
        finally:
            self._pool.drop()

    async def _exchange(self, connection: Any, commands: Sequence[Sequence[Any]]) -> list[Any]:
        if not connection.is_connected:
            await connection.connect()
            count_arrivals(connection)
        try:
            await connection.send_packed_command([pack(commands)], check_health=False)
        except RuntimeError as error:  # so uvloop tells of a connection that has just been cut
            raise builtins.ConnectionError(str(error)) from error
        answers: list[Any] = []
        for _ in commands:
            try:
                answers.append(await connection.read_response())
            except ResponseError as error:
                answers.append(_plain(error))
        return answers

    async def close(self) -> None:
        await self._pool.close()


class SyncLane:
    """The same for threads; the connections have time-outs of their own."""

    def __init__(self, make: Callable[[], Any], timeout: float | None, most: int = MOST) -> None:
        self._pool = SyncPool(make, timeout, most)

    def talk(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """See Lane.talk."""
        connection = self._pool.take()
        try:
            answers = self._exchange(connection, commands)
        except BaseException as error:
            try:
                connection.disconnect()
                self.close()
            finally:
                self._pool.drop()
            if isinstance(error, RedisError):
                raise _plain(error) from error
            raise
        self._pool.give(connection)
        return answers

    def _exchange(self, connection: Any, commands: Sequence[Sequence[Any]]) -> list[Any]:
        connection.connect()
        whole = pack(commands)  # each piece has the time-out to itself
        pieces = [whole[at : at + _PIECE] for at in range(0, len(whole), _PIECE)]
        connection.send_packed_command(pieces, check_health=False)
        if connection.socket_timeout and len(whole) > LARGE:
            until_sent(connection._sock, connection.socket_timeout)
        answers: list[Any] = []
        for _ in commands:
            try:
                answers.append(connection.read_response())
            except ResponseError as error:
                answers.append(_plain(error))
        return answers

    def close(self) -> None:
        self._pool.close()
