"""Where a request ends: one that leaves it open is refused, and nothing behind it is read."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from gopher_cli.web.problems import Problem

_SAID = {b"content-length", b"transfer-encoding"}


class OneLength:
    """Refuses what a proxy before us could have read in another way than we do.

    Between two readings of one length there is room for a request that nobody but us has seen.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            lengths = [(name, value) for name, value in scope["headers"] if name in _SAID]
            if len(lengths) > 1 or not all(map(_clear, lengths)):
                await _unclear().answer(scope["path"])(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _clear(length: tuple[bytes, bytes]) -> bool:
    name, value = length
    if name == b"transfer-encoding":
        return value.strip().lower() == b"chunked"
    return value.isdigit()


def _unclear() -> Problem:
    return Problem(
        400,
        "it is not clear where this request ends",
        hint="send one Content-Length, or Transfer-Encoding: chunked",
        headers={"Connection": "close"},
    )
