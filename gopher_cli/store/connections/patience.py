"""How long to wait for Redis: while bytes move, longer.

On a narrow line a megabyte takes its time. With one deadline for the whole of it, it would be asked for
again and again, and never arrive.
"""

from __future__ import annotations

import asyncio
from typing import Any

from gopher_cli.store.connections.pool import Pool
from gopher_cli.store.connections.send_buffer import unsent

_LOOKS = 4  # within the time that no byte may move


class Patience:
    """Ends a talk when no byte has moved for so many seconds; others in line hear of those that do."""

    __slots__ = ("_connection", "_deadline", "_handle", "_left", "_loop", "_pool", "_seen", "_turn")

    def __init__(self, connection: Any, deadline: asyncio.Timeout, seconds: float | None, pool: Pool) -> None:
        self._connection, self._deadline, self._pool = connection, deadline, pool
        self._loop = asyncio.get_running_loop()
        self._turn, self._left = (seconds or 0.0) / _LOOKS, _LOOKS
        self._seen = getattr(connection, "arrived", 0), 0
        self._handle = self._loop.call_later(self._turn, self._look) if seconds else None

    def _look(self) -> None:
        before, self._seen = self._seen, _moved(self._connection)
        if self._seen[0] > before[0] or self._seen[1] < before[1]:
            self._left = _LOOKS
            self._pool.moves += 1
        else:
            self._left -= 1
        if self._left:
            self._handle = self._loop.call_later(self._turn, self._look)
        else:
            self._deadline.reschedule(self._loop.time())

    def end(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


def count_arrivals(connection: Any) -> None:
    """Let a fresh connection know how many bytes it gets: redis-py tells of whole answers alone."""
    connection.arrived, reader = 0, connection._reader
    feed = reader.feed_data

    def fed(data: bytes) -> None:
        connection.arrived += len(data)
        feed(data)

    reader.feed_data = fed


def _moved(connection: Any) -> tuple[int, int]:
    """How many bytes have come, and how many are on their way."""
    if connection._writer is None:
        return 0, 0
    transport = connection._writer.transport
    left = transport.get_write_buffer_size() + unsent(transport.get_extra_info("socket"))
    return getattr(connection, "arrived", 0), left
