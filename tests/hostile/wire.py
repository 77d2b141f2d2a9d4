"""Bytes to a server and what comes back, with no HTTP library between that would make them right."""

from __future__ import annotations

import re
import socket
import time
from typing import NamedTuple

PATIENCE = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Answer(NamedTuple):
    """``head`` as it came, with its status line."""

    status: int
    head: bytes
    body: bytes


class Wire:
    """One connection. Everything here has a deadline."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._ahead = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """As much of it as is taken: who has heard enough hangs up."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, TimeoutError):
            return

    def takes(self, data: bytes) -> bool:
        """Whether the server is still there to take it."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, TimeoutError):
            return False
        return True

    def hears(self, text: bytes) -> bool:
        """Waits for these words of an answer that goes on."""
        while text not in self._ahead:
            if not self._more():
                return False
        return True

    def end(self) -> None:
        """Nothing more will be sent."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def answer(self) -> Answer | None:
        """The next one, or nothing when the server has hung up."""
        while b"\r\n\r\n" not in self._ahead:
            if not self._more():
                assert not self._ahead, f"half an answer: {self._ahead!r}"
                return None
        head, _, self._ahead = self._ahead.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status < 200:
            return self.answer()
        return Answer(status, head, self._body(_LENGTH.search(head)))

    def _body(self, length: re.Match[bytes] | None) -> bytes:
        if length is None:  # it ends where the connection does
            while self._more():
                pass
            body, self._ahead = self._ahead, b""
            return body
        wanted = int(length[1])
        while len(self._ahead) < wanted:
            assert self._more(), f"half a body: {self._ahead!r}"
        body, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        return body

    def answers(self) -> list[Answer]:
        """All until the server hangs up; a server that does not is a failure."""
        return list(iter(self.answer, None))

    def hung_up_after(self) -> float:
        """Seconds until the server has hung up, whatever it says first."""
        began = time.monotonic()
        while self._more():
            pass
        return time.monotonic() - began

    def _more(self) -> bool:
        try:
            came = self.socket.recv(65536)
        except ConnectionError:
            return False
        self._ahead += came
        return bool(came)


def post(body: bytes, *headers: bytes, path: bytes = b"/api/v1/jobs") -> bytes:
    """A submit as it should be; ``headers`` come before the length."""
    lines = [b"POST %s HTTP/1.1" % path, b"Host: localhost", b"Content-Type: application/json"]
    return b"\r\n".join([*lines, *headers, b"Content-Length: %d" % len(body), b"", body])


def get(path: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET %s HTTP/1.1" % path, b"Host: localhost", *headers, b"", b""])
