"""JSON as it is meant: no number that is none, no key twice, no depth without end.

msgspec refuses what is no JSON, and NaN, half surrogates and numbers too large for a float with it. What it
lets pass is found here, at the speed of C for what is in order: a parser drops a key that comes twice, so
what is written out again then has fewer colons than what came in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from gopher_cli.model import payload
from gopher_cli.model.payload import is_deep
from gopher_cli.web.problems import Problem

MAX_DEPTH = payload.MAX_DEPTH + 1  # with the job around a payload
_LONGEST = 500  # characters of a pointer
_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def parse(text: bytes) -> Any:
    """The value of a JSON text.

    Raises Problem: 400 for what is no JSON or too deep, 422 for a key that comes twice.
    """
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, f"the body is no JSON: {_why(text, error)}") from error
    if is_deep(text, MAX_DEPTH):
        raise _too_deep()
    # An escape may stand for a colon; such texts go the long way.
    if b"\\u003" in text or _encoder.encode(value).count(b":") != text.count(b":"):
        _check_keys(text)
    return value


def pointer_to(*keys: str | int) -> str:
    """A JSON pointer (RFC 6901); to what is around the place, where its name is too long to be told."""
    found = ""
    for key in keys:
        longer = f"{found}/" + str(key).replace("~", "~0").replace("/", "~1")
        if len(longer) > _LONGEST:
            break
        found = longer
    return found


def _why(text: bytes, error: Exception) -> str:
    if not text.strip():
        return "it is empty"
    if text.startswith(b"\xef\xbb\xbf"):
        return "it begins with a byte order mark"
    return "a byte that is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _too_deep() -> Problem:
    return Problem(400, f"the body is nested more than {MAX_DEPTH} deep, and that is the limit")


class _Twice(dict[str, Any]):
    """An object in which a key has come twice."""

    key = ""


def _read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    twice, seen = _Twice(made), set[str]()
    for key, _ in pairs:
        if key in seen:
            twice.key = key
            break
        seen.add(key)
    return twice


def _check_keys(text: bytes) -> None:
    # The digits of a number do not matter here, and many of them would take long.
    value = json.loads(text, object_pairs_hook=_read, parse_int=len, parse_float=len)
    for path, key in _doubled(value, ()):
        raise Problem(422, f"the key {key[:60]!r} comes twice", pointer=pointer_to(*path, key))


def _doubled(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, _Twice):
        yield path, value.key
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from _doubled(one, (*path, key))
