"""Connections for whoever comes: at most so many are open, and who finds none stands in line.

In the line nobody is timed for as long as others get their answers: it is not Redis that is silent then.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

MOST = 32
_SILENT = "nobody before us has got an answer: timed out"


class Pool:
    """For asyncio. ``make`` makes a connection; ``timeout`` (s) is how long the line may stand still.

    ``most`` is 0 where there is no bound.
    """

    def __init__(self, make: Callable[[], Any], timeout: float | None, most: int = MOST) -> None:
        self._make, self._timeout, self._most = make, timeout, most
        self._open = 0
        self._idle: list[Any] = []
        self._line: deque[asyncio.Future[Any]] = deque()
        self.moves = 0  # signs of life: answers, and bytes of long ones

    async def take(self) -> Any:
        """A connection; either `give` or `drop` must follow. Raises TimeoutError."""
        if self._idle:
            return self._idle.pop()
        if not self._most or self._open < self._most:
            self._open += 1
            return self._made()
        return await self._stand() or self._made()

    def _made(self) -> Any:
        try:
            return self._make()
        except BaseException:
            self.drop()
            raise

    async def _stand(self) -> Any:
        """A connection, or None: a place for one."""
        turn: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            while not turn.done():
                seen = self.moves
                await asyncio.wait([turn], timeout=self._timeout)
                if not turn.done() and self.moves == seen:
                    raise TimeoutError(_SILENT)
        except BaseException:
            self._leave(turn)
            raise
        return turn.result()

    def _leave(self, turn: asyncio.Future[Any]) -> None:
        if not turn.done():
            self._line.remove(turn)
        elif (connection := turn.result()) is None:
            self.drop()
        else:
            self.give(connection)

    def give(self, connection: Any) -> None:
        """Back, and it works."""
        self.moves += 1
        if self._line:
            self._line.popleft().set_result(connection)
        else:
            self._idle.append(connection)

    def drop(self) -> None:
        """One is no more: there is a place for another."""
        if self._line:
            self._line.popleft().set_result(None)
        else:
            self._open -= 1

    async def close(self) -> None:
        """All that are not in use."""
        while self._idle:
            connection = self._idle.pop()
            self._open -= 1
            await connection.disconnect(nowait=True)


class SyncPool:
    """The same for threads, and for programs that fork: a child never uses its parent's connections.

    Taking and giving need no lock while nobody stands in line.
    """

    def __init__(self, make: Callable[[], Any], timeout: float | None, most: int = MOST) -> None:
        self._make, self._timeout, self._most = make, timeout, most
        self._begin()

    def _begin(self) -> None:
        self._pid, self._lock = os.getpid(), threading.Lock()
        self._open = self.moves = 0
        self._idle: list[Any] = []
        self._line: deque[SimpleQueue[Any]] = deque()

    def take(self) -> Any:
        """See Pool.take."""
        if self._pid != os.getpid():
            self._begin()
        try:
            return self._idle.pop()
        except IndexError:
            return self._another() or self._made()

    def _another(self) -> Any:
        """A connection, or None: a place for one."""
        turn: SimpleQueue[Any] = SimpleQueue()
        with self._lock:
            if self._open < self._most:
                self._open += 1
                return None
            self._line.append(turn)
            self._serve()  # one may have come back meanwhile
        try:
            return self._stand(turn)
        except BaseException:
            self._leave(turn)
            raise

    def _stand(self, turn: SimpleQueue[Any]) -> Any:
        while True:
            seen = self.moves
            with suppress(Empty):
                return turn.get(timeout=self._timeout)
            if self.moves == seen:
                raise TimeoutError(_SILENT)

    def _leave(self, turn: SimpleQueue[Any]) -> None:
        with self._lock:
            if turn in self._line:
                self._line.remove(turn)
                return
        with suppress(Empty):  # an interrupt can come between having it and being told
            connection = turn.get_nowait()
            self.drop() if connection is None else self.give(connection)

    def _serve(self) -> None:
        while self._line:
            try:
                connection = self._idle.pop()
            except IndexError:
                return
            self._line.popleft().put(connection)

    def _made(self) -> Any:
        try:
            return self._make()
        except BaseException:
            self.drop()
            raise

    def give(self, connection: Any) -> None:
        """See Pool.give. First back, then a look at the line: who comes does it the other way round."""
        self._idle.append(connection)
        self.moves += 1
        if self._line:
            with self._lock:
                self._serve()

    def drop(self) -> None:
        """See Pool.drop."""
        with self._lock:
            if self._line:
                self._line.popleft().put(None)
            else:
                self._open -= 1

    def close(self) -> None:
        """All that are not in use."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return
            connection.disconnect()
            self.drop()
