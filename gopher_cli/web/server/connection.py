"""One connection: clients that never come to the point, do not hear their answers, or send rubbish."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gopher_cli.web.server.problems import Problem

_HEAD = 5.0  # seconds
_LONGEST_HEAD = 64 * 1024  # bytes; what is shorter, and still too long, is told in a better way (see framing)
_ANSWER = b"HTTP/1.1 "
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)


def connection(reading: float, writing: float) -> type[asyncio.Protocol]:
    """What speaks HTTP, and hangs up on who is silent: uvicorn itself would wait for ever.

    The head of a request has ``reading`` seconds to arrive (5 at most), and a client ``writing`` seconds to
    take the next piece of its answer. A body has a time of its own (see clock).
    """

    class Bounded(Connection):
        head_patience, write_patience = min(reading, _HEAD), writing

    return Bounded


class Connection(HttpToolsProtocol):
    head_patience, write_patience = _HEAD, 10.0
    _is_in_head = False
    _unended = 0  # bytes of a head so far
    _serving: Any = None

    def connection_made(self, transport: Any) -> None:
        self._head, self._progress = _Alarm(), _Alarm()
        super().connection_made(cast("asyncio.Transport", Joined(transport, self._expect_end)))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head.off()
        self._progress.off()
        if self._serving is not None:  # with requests in line, uvicorn would tell the last one only
            self._serving.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._is_in_head
        super().data_received(data)
        if not self._is_in_head and not self._is_idle:
            self._unended = 0
            return
        self._await_head()
        self._unended = self._unended + len(data) if was_in_head else 0
        if self._unended > _LONGEST_HEAD and not self.transport.is_closing():
            if self._is_idle:  # else it would be taken for the answer that is due
                self.transport.write(_TOO_LONG)
            self.transport.close()

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._head.off()
        super().on_headers_complete()

    def _await_head(self) -> None:
        if not self._head.is_set:
            self._head.set(self.head_patience, self.transport.close)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._serving = cycle
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        serving = self._serving
        if serving is not None and not serving.more_body and not serving.response_complete:
            # The rubbish came behind it: an answer to that now would be taken for its own.
            serving.keep_alive = False
            self.pipeline.clear()
            return
        answer = Problem(400, "this is not HTTP/1.1", headers={"Connection": "close"}).answer("")
        lines = [b"HTTP/1.1 400 Bad Request", *(b"%s: %s" % pair for pair in answer.raw_headers)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_progress()

    def resume_writing(self) -> None:
        self._progress.off()
        super().resume_writing()
        if self.transport.is_closing():
            self._expect_end()

    def _expect_end(self) -> None:
        """What is left, however little, is to be taken: nobody pauses for it, and nothing comes after it."""
        if self.transport.get_write_buffer_size():
            self._expect_progress()

    def _expect_progress(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._progress.set(self.write_patience, lambda: self._look(left))

    def _look(self, left: int) -> None:
        now = self.transport.get_write_buffer_size()
        if 0 < now < left:
            self._expect_progress()
        elif now:
            # With a reset: the kernel would keep what it has taken for a long time yet.
            line = self.transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()


class _Alarm:
    """At most one at a time."""

    __slots__ = ("_handle",)

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        return self._handle is not None

    def set(self, seconds: float, act: Callable[[], object]) -> None:
        self.off()
        self._handle = asyncio.get_running_loop().call_later(seconds, act)

    def off(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class Joined:
    """A transport that sends the head of an answer together with what follows: each write is a system call.

    A head that nothing follows at once goes by itself. ``closing`` is called when it is told to close.
    """

    __slots__ = ("_closing", "_held", "_transport", "get_write_buffer_size", "is_closing")

    def __init__(self, transport: asyncio.Transport, closing: Callable[[], object]) -> None:
        self._transport, self._closing, self._held = transport, closing, b""
        self.is_closing = transport.is_closing
        self.get_write_buffer_size = transport.get_write_buffer_size

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
        self._closing()

    def _flush(self) -> None:
        if self._held:
            data, self._held = self._held, b""
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
