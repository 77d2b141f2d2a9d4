"""What the decoder found wrong with JSON, as values: its errors are sentences, and only here is one read."""

from __future__ import annotations

import re

import msgspec

_PATH = re.compile(r" - at `(.+)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.+)`")
_KINDS = re.compile(r"Expected `(.+)`, got `(.+)`")


class JsonFault(msgspec.Struct, frozen=True):
    """``pointer`` (RFC 6901) leads to the value at fault; with ``in_each`` to what holds it by some key.

    ``unknown`` and ``missing`` name a field of the object there. ``kind`` is what the value is, ``kinds``
    what it may be. ``message`` is what the decoder says of all others.
    """

    message: str
    pointer: str = ""
    in_each: bool = False
    unknown: str | None = None
    missing: str = ""
    kind: str = ""
    kinds: tuple[str, ...] = ()


def fault_of(error: msgspec.ValidationError) -> JsonFault:
    place = _PATH.search(str(error))
    message, path = _PATH.sub("", str(error)), place[1] if place else ""
    at, in_each = _pointer(path), "[...]" in path
    if unknown := _UNKNOWN.fullmatch(message):
        return JsonFault(message, at, in_each, unknown=unknown[1])
    if missing := _MISSING.fullmatch(message):
        return JsonFault(message, at, in_each, missing=missing[1])
    if kinds := _KINDS.fullmatch(message):
        expected = tuple(kind for kind in kinds[1].split(" | ") if kind != "null")
        return JsonFault(message, at, in_each, kind=kinds[2], kinds=expected)
    return JsonFault(message, at, in_each)


def _pointer(path: str) -> str:
    """``$.tags[0]`` as ``/tags/0``; ``[...]`` stands for some key or other."""
    return path.removeprefix("$").replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")
