"""What stands before every route: by which names the server is called, how long an answer may take."""

from __future__ import annotations

import asyncio
import logging
import re
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gopher_cli.web.problems import Problem, send_again

_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:[0-9]*)?")
# A body that nobody has read must not be taken for the next request.
_HANG_UP = {"Connection": "close"}
_log = logging.getLogger("gopher.web")


class OwnNames:
    """Answers this machine's own names only, and ``host``: for a server that asks for no key.

    A web page can make a browser believe that its own name is 127.0.0.1, and then ask us for
    anything; the name that the browser sends gives it away.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._host = host.strip("[]").lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._ours(Headers(scope=scope).getlist("host")):
            problem = Problem(
                421,
                "without an API key this server answers to the names of this machine only",
                hint="call it http://localhost, or set API_KEY",
                headers=_HANG_UP,
            )
            await problem.answer(scope["path"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _ours(self, hosts: list[str]) -> bool:
        found = [_HOST.fullmatch(host.strip().lower()) for host in hosts]
        names = [match[1].strip("[]") if match else "" for match in found]
        return bool(names) and all(name in ("localhost", self._host) or _is_here(name) for name in names)


def _is_here(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class InTime:
    """Ends what takes longer than ``seconds`` from the end of the request to that of the answer."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop, began = asyncio.get_running_loop(), False

        async def heard() -> Message:
            # The body has a time of its own; ours begins behind it.
            deadline.reschedule(None)
            try:
                return await receive()
            finally:
                deadline.reschedule(loop.time() + self._seconds)

        async def said(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as deadline:
                await self._app(scope, heard, said)
        except TimeoutError:
            if not deadline.expired():
                raise
            _log.warning("an answer took longer than %gs: %s", self._seconds, scope["path"])
            if not began:  # else the client sees that its answer is cut
                await self._too_late(scope).answer(scope["path"])(scope, receive, send)

    def _too_late(self, scope: Scope) -> Problem:
        said = f"the answer took longer than {self._seconds:g}s"
        if id := scope.get("state", {}).get("job_id"):
            return Problem(504, said, hint=send_again(id), headers=_HANG_UP, job_id=id)
        return Problem(504, said, hint="send the same request again", headers=_HANG_UP)
