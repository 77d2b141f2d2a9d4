"""Clients that do not hear their answers, and those whose next request is rubbish."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from gopher_cli.web.problems import Problem

_RESET = struct.pack("ii", 1, 0)


class Hearing(AutoHTTPProtocol):  # type: ignore[valid-type, misc]
    """Hangs up on who takes nothing of its answer for ``write_patience`` seconds.

    uvicorn would keep both, the connection and the answer, for as long as such a client likes.
    """

    write_patience = 10.0
    _waiting: asyncio.TimerHandle | None = None
    _serving: Any = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_progress()

    def resume_writing(self) -> None:
        self._wait_no_more()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self._expect_progress()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        if self._serving is not None:  # with requests in line, uvicorn would tell the last one only
            self._serving.disconnected = True
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        serving = self._serving
        if serving is not None and not serving.more_body and not serving.response_complete:
            # The rubbish came behind it: an answer to that now would be taken for its own.
            serving.keep_alive = False
            self.pipeline.clear()
            return
        said = Problem(400, "this is not HTTP/1.1", headers={"Connection": "close"}).answer("")
        lines = [b"HTTP/1.1 400 Bad Request", *(b"%s: %s" % pair for pair in said.raw_headers)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(said.body)]))
        self.transport.close()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._serving = cycle
        super()._start_asgi_task(cycle, app)

    def _expect_progress(self) -> None:
        self._wait_no_more()
        left, loop = self.transport.get_write_buffer_size(), asyncio.get_running_loop()
        self._waiting = loop.call_later(self.write_patience, self._look, left)

    def _look(self, left: int) -> None:
        now = self.transport.get_write_buffer_size()
        if 0 < now < left:
            self._expect_progress()
        elif now:
            # With a reset: the kernel would keep what it has taken for a long time yet.
            line = self.transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
