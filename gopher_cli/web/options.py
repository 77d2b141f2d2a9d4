"""OPTIONS: which methods a path takes."""

from __future__ import annotations

import re
from typing import Any

from starlette.routing import Match
from starlette.types import Scope, Send

_IMPLIED = ({"OPTIONS"}, {"OPTIONS", "HEAD"})  # without GET, and with it
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")


def allowed_at(scope: Scope) -> list[str]:
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
    fewest, asked = 99, scope["path"].removeprefix(scope["root_path"])
    for path, methods in scope["app"].openapi()["paths"].items():
        pattern = re.sub(r"\\{[^/]*\\}", "[^/]+", re.escape(path))
        if path.count("{") < fewest and re.fullmatch(pattern, asked):
            found, fewest = methods, path.count("{")
    named = {name.upper() for name in found}
    return [name for name in ("OPTIONS", *_METHODS) if name in named | _IMPLIED[("GET" in named)] and named]


async def tell_allowed(methods: list[str], send: Send) -> None:
    headers = [(b"allow", ", ".join(methods).encode())]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
