"""What stands before every route: how long an answer may take."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping, Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gopher_cli.web.problems import RETRY_AFTER, Problem, send_again

# A body that nobody has read must not be taken for the next request.
_HANG_UP = {"Connection": "close"}
MOST_HEADERS, MOST_HEAD = 100, 16 * 1024
_log = logging.getLogger("gopher.web")


class InTime:
    """Ends what takes longer than ``seconds`` from the end of the request to that of the answer.

    A route that waits because its client wants it to says for how long: ``request.state.patience``, in
    seconds, come on top. One whose answer has no end says ``request.state.streams``.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _is_too_long(scope["headers"]):
            await _too_long().answer(scope["path"])(scope, receive, send)
            return
        began = False

        async def heard() -> Message:
            clock.stop()  # the body has a time of its own; ours begins behind it
            try:
                return await receive()
            finally:
                clock.start()

        async def said(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            async with asyncio.timeout(None) as deadline:
                clock = _Clock(deadline, self._seconds, scope.setdefault("state", {}))
                try:
                    await self._app(scope, heard, said)
                finally:
                    clock.end()
        except TimeoutError:
            if not deadline.expired():
                raise
            _log.warning("an answer took longer than %gs: %s", self._seconds, scope["path"])
            if not began:  # else the client sees that its answer is cut
                await self._too_late(scope).answer(scope["path"])(scope, receive, send)
        except asyncio.CancelledError:  # the server ends, and has waited long enough
            if not scope["app"].state.ending:
                raise
            if not began:
                await _ending(scope).answer(scope["path"])(scope, receive, send)

    def _too_late(self, scope: Scope) -> Problem:
        said = f"the answer took longer than {self._seconds:g}s"
        if id := scope.get("state", {}).get("job_id"):
            return Problem(504, said, hint=send_again(id), headers=_HANG_UP, job_id=id)
        return Problem(504, said, hint="send the same request again", headers=_HANG_UP)


def _ending(scope: Scope) -> Problem:
    """Nobody knows how far it has come."""
    said, headers = "this server ends, and the answer was not ready", _HANG_UP | RETRY_AFTER
    if id := scope.get("state", {}).get("job_id"):
        return Problem(503, said, hint=send_again(id), headers=headers, code="ending", job_id=id)
    return Problem(503, said, hint="send the same request again", headers=headers, code="ending")


def _is_too_long(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > MOST_HEAD


def _too_long() -> Problem:
    limit = f"{MOST_HEADERS} headers and {MOST_HEAD // 1024} KB of them are the limit"
    return Problem(431, f"the head of this request is too long: {limit}", headers=_HANG_UP)


class _Clock:
    """Moves a deadline when the time is really over, and looks no more often than it must."""

    __slots__ = ("_began", "_deadline", "_handle", "_loop", "_seconds", "_state")

    def __init__(self, deadline: asyncio.Timeout, seconds: float, state: MutableMapping[str, Any]) -> None:
        self._deadline, self._seconds, self._state = deadline, seconds, state
        self._loop = asyncio.get_running_loop()
        self._began: float | None = self._loop.time()
        self._handle = self._loop.call_later(seconds, self._look)

    def stop(self) -> None:
        self._began = None

    def start(self) -> None:
        self._began = self._loop.time()

    def end(self) -> None:
        self._handle.cancel()

    def _look(self) -> None:
        if self._state.get("streams"):  # it ends otherwise, or when its client goes
            return
        now, allowed = self._loop.time(), self._seconds + self._state.get("patience", 0.0)
        left = allowed if self._began is None else self._began + allowed - now
        if left > 0:
            self._handle = self._loop.call_later(left, self._look)
        else:
            self._deadline.reschedule(now)
