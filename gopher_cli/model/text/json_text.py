"""What counts as JSON, at every door: no key twice in an object, and no depth without end.

msgspec refuses what is not JSON, and NaN, half surrogates and numbers too large for a float with it. What it
lets pass is found here, at the speed of C for what is in order: a parser drops a key that comes twice, so
what is written out again then has fewer colons than what came in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

Path = tuple[str | int, ...]
_LONGEST = 500  # characters of a pointer
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_encode = msgspec.json.Encoder().encode


def doubled_key(text: bytes, value: Any) -> Path:
    """The way to the first key that comes twice in this JSON text, itself the last step; () where none does.

    ``value`` is what a parser has made of the text.
    """
    # An escape may stand for a colon; such texts go the long way.
    if b"\\u003" not in text and _encode(value).count(b":") == text.count(b":"):
        return ()
    return find_doubled_key(text)


def find_doubled_key(text: bytes) -> Path:
    """The same, the long way, of a text whose depth was checked."""
    import json  # late: a command line rarely comes here

    # The digits of a number do not matter here, and many of them would take long.
    value = json.loads(text, object_pairs_hook=_read, parse_int=len, parse_float=len)
    return next(_doubled(value, ()), ())


def exact_value(text: str) -> Any:
    """The value of a JSON text; a number that Python would write otherwise, such as 10.00, stays a Raw of its
    digits. ``text`` is valid, and not nested deeply."""
    import json

    return json.loads(text, parse_float=_exact_float)


def exact_json(text: bytes) -> bytes:
    """The same JSON as gopher writes it, in one line, with the very digits of its numbers."""
    return _encode(exact_value(text.decode()))


def _exact_float(digits: str) -> Any:
    raw, number = digits.encode(), float(digits)
    return number if _encode(number) == raw else msgspec.Raw(raw)


def is_deep(text: bytes, most: int) -> bool:
    """Whether this valid JSON text is nested more than so many levels deep."""
    if len(text) <= 2 * most or len(text) - len(text.translate(None, b"[{")) <= most:
        return False
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    # What stands between the quotes is out; then the innermost pairs of brackets, level by level.
    left = b"".join(text.split(b'"')[::2]).translate(_SQUARE, _NO_BRACKETS)
    for _ in range(most):
        if not left:
            return False
        left = left.replace(b"[]", b"")
    return bool(left)


def pointer_to(*keys: str | int) -> str:
    """A JSON pointer (RFC 6901); to what is around the place, where its name is too long to be told."""
    pointer = ""
    for key in keys:
        longer = f"{pointer}/" + str(key).replace("~", "~0").replace("/", "~1")
        if len(longer) > _LONGEST:
            break
        pointer = longer
    return pointer


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


def _doubled(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, _Twice):
        yield (*path, value.key)
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from _doubled(one, (*path, key))
