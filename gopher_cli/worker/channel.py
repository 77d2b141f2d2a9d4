"""Messages between the processes of a worker: one JSON object a line, over a socket pair."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_LONGEST = 16 * 1024 * 1024


class Channel:
    """Either end. Sending never blocks; a peer that is gone is noticed by the reader."""

    def __init__(
        self, end: socket.socket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._end = end
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Channel:
        end.setblocking(False)
        return cls(end, *await asyncio.open_unix_connection(sock=end, limit=_LONGEST))

    def send(self, **message: Any) -> None:
        if not self._writer.is_closing():
            self._writer.write(_encode(message) + b"\n")

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Until the peer is gone."""
        while True:
            try:
                line = await self._reader.readline()
            except (ConnectionError, ValueError):
                return
            if not line.endswith(b"\n"):
                return
            try:
                said = _decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return  # somebody else has written into it: nothing that follows can be trusted
            if isinstance(said, dict):
                yield said

    async def receive(self) -> dict[str, Any] | None:
        """The next message, or None when the peer is gone."""
        async for message in self.messages():
            return message
        return None

    async def flush(self, seconds: float = 1.0) -> None:
        """Wait until all has left this process, or the time is over."""
        self._writer.transport.set_write_buffer_limits(0)
        with contextlib.suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(self._writer.drain(), seconds)

    def send_end(self) -> None:
        """No more messages will come: the peer can see it whatever it has not read yet."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._writer.close()
