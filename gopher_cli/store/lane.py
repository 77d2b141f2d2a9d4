"""Connections for one kind of traffic. Each serves one caller at a time, and none is used after an error.

redis-py's connections without its clients: those cost more per command than Redis does, and repeat
commands by themselves.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import ResponseError

from gopher_cli.store.packing import pack


class Lane:
    """For asyncio. ``make`` makes an unconnected connection; ``timeout`` (s) is for a whole exchange.

    The connections have no time-out of their own: redis-py's would lose a cancellation on Python 3.11.
    """

    def __init__(self, make: Callable[[], Any], timeout: float | None) -> None:
        self._make = make
        self._timeout = timeout
        self._idle: list[Any] = []

    async def talk(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Answers in order; what Redis refused is a ResponseError among them.

        Raises redis-py's ConnectionError or AuthenticationError, TimeoutError or another OSError.
        """
        connection = self._idle.pop() if self._idle else self._make()
        try:
            async with asyncio.timeout(self._timeout):
                answers = await self._exchange(connection, commands)
        except BaseException:
            # Half an answer may be on its way, and others of this lane are likely as dead.
            await connection.disconnect(nowait=True)
            await self.close()
            raise
        self._idle.append(connection)
        return answers

    async def _exchange(self, connection: Any, commands: Sequence[Sequence[Any]]) -> list[Any]:
        if not connection.is_connected:
            await connection.connect()
        await connection.send_packed_command([pack(commands)], check_health=False)
        answers: list[Any] = []
        for _ in commands:
            try:
                answers.append(await connection.read_response())
            except ResponseError as refusal:
                answers.append(refusal)
        return answers

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.disconnect(nowait=True)


class SyncLane:
    """The same for threads, and for programs that fork: a child never uses its parent's connections."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._idle: list[Any] = []
        self._pid = os.getpid()

    def talk(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """See Lane.talk."""
        if self._pid != os.getpid():
            self._idle, self._pid = [], os.getpid()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._make()
        try:
            connection.connect()
            connection.send_packed_command([pack(commands)], check_health=False)
            answers: list[Any] = []
            for _ in commands:
                try:
                    answers.append(connection.read_response())
                except ResponseError as refusal:
                    answers.append(refusal)
        except BaseException:
            connection.disconnect()
            self.close()
            raise
        self._idle.append(connection)
        return answers

    def close(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.disconnect()
