"""Clients that are many, or that never come to the point."""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress
from typing import Any

from gopher_cli.web.hearing import Hearing

_FILES = 65536
_HEAD = 5.0  # seconds
_LONGEST_HEAD = 64 * 1024  # bytes; what is shorter, and still too long, is told in a better way (see gate)
_ANSWER = b"HTTP/1.1 "
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def allow_many() -> None:
    """Each connection takes a file, and most systems let a process begin with 1024 of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def prompt(seconds: float, write_seconds: float = 10.0) -> type[asyncio.Protocol]:
    """What speaks HTTP, and hangs up on who has not sent the head of a request in time.

    uvicorn itself would wait for ever. A body has a time of its own, where it is read.
    """
    patience = min(seconds, _HEAD)

    class Prompt(Hearing):
        write_patience = write_seconds
        _last: asyncio.TimerHandle | None = None
        _unended = 0  # bytes of a head so far

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._await_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._await_head()
                self._unended += len(data)
                if self._unended > _LONGEST_HEAD and not self.transport.is_closing():
                    self.transport.write(_TOO_LONG)
                    self.transport.close()
            else:
                self._unended = 0
                self._be_content()

        def _start_asgi_task(self, cycle: Any, app: Any) -> None:
            cycle.transport = Joined(cycle.transport)
            super()._start_asgi_task(cycle, app)

        def connection_lost(self, exc: Exception | None) -> None:
            self._be_content()
            super().connection_lost(exc)

        def _await_head(self) -> None:
            if self._last is None:
                self._last = asyncio.get_running_loop().call_later(patience, self.transport.close)

        def _be_content(self) -> None:
            if self._last is not None:
                self._last.cancel()
                self._last = None

    return Prompt


class Joined:
    """A transport that sends the head of an answer together with what follows: each write is a system call.

    A head that nothing follows at once goes by itself.
    """

    __slots__ = ("_held", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._held = transport, b""

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        elif data.startswith(_ANSWER):
            self._held = data
            asyncio.get_running_loop().call_soon(self._flush)
            return
        self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            data, self._held = self._held, b""
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
