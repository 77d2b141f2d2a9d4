"""What every route does alike: a request id, HEAD, OPTIONS, and no difference for a slash at the end."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from itertools import count
from typing import Any

from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Of the request that is being answered; problems name it.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
_GIVEN = re.compile(rb"[\x21-\x7e]{1,128}")
_PROCESS, _count = secrets.token_hex(4), count()
_IMPLIED = ({"OPTIONS"}, {"OPTIONS", "HEAD"})  # without GET, and with it
_CLOSE = (b"connection", b"close")
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")


class Manners:
    """Stands before everything else, so that whatever answers is heard with its request id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id = _id_of(scope)
        named = REQUEST_ID.set(id)
        head = scope["method"] == "HEAD"
        over, unread = False, _has_body(scope)

        async def heard() -> Message:
            nonlocal unread
            message = await receive()
            unread = unread and bool(message.get("more_body"))
            return message

        async def said(message: Message) -> None:
            nonlocal over
            if message["type"] == "http.response.start":
                headers = message["headers"] = [*message.get("headers", ()), (b"x-request-id", id.encode())]
                if unread and _CLOSE not in headers:  # the rest of the body is no next request
                    headers.append(_CLOSE)
            elif head and message["type"] == "http.response.body":
                if over:
                    return
                over = True  # also of an answer without an end
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        _tidy(scope)
        try:
            if scope["method"] == "OPTIONS" and (allowed := _allowed(scope)):
                await _options(allowed, said)
            else:
                # A copy: whoever writes the answer down has to know that there is no body.
                await self._app({**scope, "method": "GET"} if head else scope, heard, said)
        finally:
            REQUEST_ID.reset(named)


def _id_of(scope: Scope) -> str:
    """The client's own, if it can be printed; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN.fullmatch(value):
            return str(value.decode())
    return f"{_PROCESS}{next(_count):08x}"


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _tidy(scope: Scope) -> None:
    if len(scope["path"]) > 1 and scope["path"].endswith("/"):
        scope["path"] = scope["path"].rstrip("/") or "/"


def _allowed(scope: Scope) -> list[str]:
    """The methods that this path takes; none where there is no such path."""
    if described := _described(scope):
        return described
    found = ["OPTIONS"]
    for method in _METHODS:
        asked: dict[str, Any] = {**scope, "method": "GET" if method == "HEAD" else method}
        if any(route.matches(asked)[0] is Match.FULL for route in scope["app"].routes):
            found.append(method)
    return found if len(found) > 1 else []


def _described(scope: Scope) -> list[str]:
    """As the OpenAPI document says: of two paths that fit, the one with fewer parameters is meant."""
    found: dict[str, Any] = {}
    fewest = 99
    for path, methods in scope["app"].openapi()["paths"].items():
        pattern = re.sub(r"\\{[^/]*\\}", "[^/]+", re.escape(path))
        if path.count("{") < fewest and re.fullmatch(pattern, scope["path"]):
            found, fewest = methods, path.count("{")
    named = {name.upper() for name in found}
    return [name for name in ("OPTIONS", *_METHODS) if name in named | _IMPLIED[("GET" in named)] and named]


async def _options(allowed: list[str], send: Send) -> None:
    headers = [(b"allow", ", ".join(allowed).encode())]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
