"""OPTIONS, and the Allow of a 405: which methods a path takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from fastapi import FastAPI, routing
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import Scope, Send

_METHODS = ("OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE")


class _Address(NamedTuple):
    """What one route takes."""

    pattern: re.Pattern[str]
    parameters: int
    methods: frozenset[str]


def allowed_at(scope: Scope) -> list[str]:
    """The methods that this path takes; none where there is no such path.

    Of two routes that fit the one with fewer parameters is meant, as in the OpenAPI document.
    """
    path = scope["path"].removeprefix(scope["root_path"])
    fitting = [route for route in _addresses(scope["app"]) if route.pattern.match(path)]
    fewest = min((route.parameters for route in fitting), default=0)
    named = {method for route in fitting if route.parameters == fewest for method in route.methods}
    return [method for method in _METHODS if method in named | {"OPTIONS"}] if named else []


def note_allowed(scope: Scope, error: HTTPException) -> None:
    """Let a 405 name all methods; a route knows its own alone."""
    if error.status_code == 405:
        error.headers = {**(error.headers or {}), "Allow": ", ".join(allowed_at(scope))}


@lru_cache(maxsize=1)  # a process serves one application
def _addresses(app: FastAPI) -> list[_Address]:
    """Of all routes, read once."""
    return [_address(route) for route in _routes(app)]


def _routes(app: FastAPI) -> Iterable[Any]:
    """Each with its whole path: newer versions of FastAPI put them together when they are asked."""
    each = getattr(routing, "iter_route_contexts", None)
    return each(app.routes) if each else app.routes


def _address(route: Any) -> _Address:
    pattern, _, parameters = compile_path(route.path)
    methods = set(route.methods or ())
    return _Address(pattern, len(parameters), frozenset(methods | ({"HEAD"} if "GET" in methods else set())))


async def tell_allowed(methods: list[str], send: Send) -> None:
    headers = [(b"allow", ", ".join(methods).encode())]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
