"""How long to wait for Redis: while bytes move, longer.

On a narrow line a megabyte takes its time. With one deadline for the whole of it, it would be asked for
again and again, and never arrive.
"""

from __future__ import annotations

import asyncio
from typing import Any

from gopher_cli.store.outgoing import unsent


class Watch:
    """Puts a deadline off for as long as bytes move: on a narrow line a megabyte takes its time."""

    __slots__ = ("_connection", "_deadline", "_handle", "_loop", "_seconds", "_seen")

    def __init__(self, connection: Any, deadline: asyncio.Timeout, seconds: float | None) -> None:
        self._connection, self._deadline, self._seconds = connection, deadline, seconds or 0.0
        self._loop = asyncio.get_running_loop()
        self._seen = 0, 0
        self._handle = self._loop.call_later(self._seconds / 4, self._look) if seconds else None

    def _look(self) -> None:
        moved = _moved(self._connection)
        if moved != self._seen and not self._deadline.expired():
            self._seen = moved
            self._deadline.reschedule(self._loop.time() + self._seconds)
        self._handle = self._loop.call_later(self._seconds / 4, self._look)

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
