"""Messages between the processes of a worker: one JSON object a line, over a socket pair."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")  # what the peer says
_encode = msgspec.json.Encoder().encode
_LONGEST = 16 * 1024 * 1024


class Channel(Generic[T]):
    """Either end. Sending never blocks; a peer that is gone is noticed by the reader."""

    def __init__(
        self,
        end: socket.socket,
        decode: Callable[[bytes], T],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._end = end
        self._decode = decode
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket, decode: Callable[[bytes], T]) -> Channel[T]:
        end.setblocking(False)
        return cls(end, decode, *await asyncio.open_unix_connection(sock=end, limit=_LONGEST))

    def send(self, message: msgspec.Struct) -> None:
        if not self._writer.is_closing():
            self._writer.write(_encode(message) + b"\n")

    async def messages(self) -> AsyncIterator[T]:
        """Until the peer is gone. What is no message that it could send is passed over."""
        while True:
            try:
                line = await self._reader.readline()
            except (ConnectionError, ValueError):
                return
            if not line.endswith(b"\n"):
                return
            try:
                message = self._decode(line)
            except msgspec.ValidationError:
                continue
            except (msgspec.DecodeError, UnicodeDecodeError):
                return  # somebody else has written into it: nothing that follows can be trusted
            yield message

    async def receive(self) -> T | None:
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
