"""What the OpenAPI document says of keys: how they are sent, and what is answered to who has none."""

from __future__ import annotations

from typing import Any

_SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-KEY"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "a key, or a token (JWT)"},
}
_OPEN = ("/health", "/livez", "/readyz")
_ALWAYS = {
    "401": "the key is missing or wrong",
    "403": "the key lacks a scope, or another site's page has sent this",
    "429": "too many requests, or too many wrong keys; see Retry-After",
}


def problem(about: str) -> dict[str, Any]:
    """An answer that is a problem (RFC 9457)."""
    content = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": about, "content": {"application/problem+json": content}}


def add_security(document: dict[str, Any]) -> None:
    """Every route takes a key, except those that watchdogs ask; where none is needed, nothing will do."""
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for path, routes in document["paths"].items():
        guarded = path not in _OPEN
        for route in routes.values():
            route["security"] = [{}, *({name: []} for name in _SCHEMES)] if guarded else []
            for status, answer in _ALWAYS.items() if guarded else ():
                route["responses"].setdefault(status, problem(answer))
