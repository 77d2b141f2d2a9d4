"""One request and its answer, as both pass through our hands: its id, when it began, what it came to."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from contextlib import suppress
from contextvars import ContextVar
from itertools import count

from starlette.types import Message, Receive, Scope, Send

# Of the request that is being answered; problems name it.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
_GIVEN = re.compile(rb"[\x21-\x7e]{1,128}")
_PROCESS, _count = secrets.token_hex(4), count()
_CLOSE = (b"connection", b"close")
_LITTLE = 4096  # bytes of a body that nobody wants: they are here already, or nearly so
_MOMENT = 0.05  # seconds


class Exchange:
    """``hear`` and ``say`` stand for the receive and send of the server.

    Every answer carries the id of its request; one to HEAD has no body; one that leaves more than a little of
    a body unread closes the connection, for that rest is not the next request.

    ``code`` is 0 until there is an answer, ``took`` the seconds until it began. ``since`` is when the server
    had all it needs, by `time.monotonic`; while a body is on its way (``is_hearing``) it is when that began.
    """

    __slots__ = (
        "_has_body", "_is_head", "_is_little", "_is_over", "_receive", "_send", "began", "code", "id",
        "is_hearing", "is_late", "scope", "since", "took",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._is_head, self._is_over = scope["method"] == "HEAD", False
        # A copy: whoever writes the answer down has to know that there is no body.
        self.scope = {**scope, "method": "GET"} if self._is_head else scope
        given = dict(scope["headers"])
        length = given.get(b"content-length", b"")
        self._has_body = length not in (b"", b"0") or b"transfer-encoding" in given
        self._is_little = length.isdigit() and len(length) < 5 and int(length) <= _LITTLE
        self.id = _id_of(given.get(b"x-request-id", b""))
        self.code, self.took = 0, 0.0
        self.is_hearing = self.is_late = False
        self.began = self.since = time.monotonic()

    async def hear(self) -> Message:
        if self._has_body and not self.is_hearing:
            self.is_hearing, self.since = True, time.monotonic()
        message = await self._receive()
        if self._has_body and not message.get("more_body"):
            self._has_body = self.is_hearing = False
            self.since = time.monotonic()
        return message

    async def say(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.code, self.took = message["status"], time.monotonic() - self.began
            headers = message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", self.id.encode()),
            ]
            if self._has_body and _CLOSE not in headers and not await self._is_read():
                headers.append(_CLOSE)
        elif self._is_head and message["type"] == "http.response.body":
            if self._is_over:
                return
            self._is_over = True  # also of an answer without an end
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def _is_read(self) -> bool:
        """Whether the body is out of the way: a little one, such as the {} of a request that needs none."""
        if self._is_little and not self.is_hearing:
            with suppress(TimeoutError):
                async with asyncio.timeout(_MOMENT):
                    return not (await self._receive()).get("more_body")
        return False


def _id_of(given: bytes) -> str:
    """The client's own, if it can be printed; else a new one."""
    return given.decode() if _GIVEN.fullmatch(given) else f"{_PROCESS}{next(_count):08x}"
