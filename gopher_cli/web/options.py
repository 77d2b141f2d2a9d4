"""OPTIONS, and the Allow of a 405: which methods a path takes."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope, Send

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")


def allowed_at(scope: Scope) -> list[str]:
    """The methods that this path takes; none where there is no such path."""
    found = ["OPTIONS"]
    for method in _METHODS:
        asked: dict[str, Any] = {**scope, "method": "GET" if method == "HEAD" else method}
        if any(route.matches(asked)[0] is Match.FULL for route in scope["app"].routes):
            found.append(method)
    return found if len(found) > 1 else []


def note_allowed(scope: Scope, error: HTTPException) -> None:
    """Let a 405 name all methods; a route knows its own alone."""
    if error.status_code == 405:
        error.headers = {**(error.headers or {}), "Allow": ", ".join(allowed_at(scope))}


async def tell_allowed(methods: list[str], send: Send) -> None:
    headers = [(b"allow", ", ".join(methods).encode())]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
