"""The limits that a JSON Schema sets to a single value: how large, how long, of which shape.

A limit that makes no sense is none, and neither is a pattern that could keep a server busy: the handler's
own check comes after this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from gopher_cli.model.errors import Usage
from gopher_cli.model.select.safe_regex import check_pattern

_LOOKED_AT = 1000  # characters: a longer text is not held against a pattern


def beyond(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """What each limit says of a value that it forbids, such as "is less than 1"."""
    for keyword, limit in schema.items():
        if (check := _CHECKS.get(keyword)) and (fault := check(value, limit)):
            yield fault


def is_number(value: Any) -> bool:
    """Any that a limit could be: finite, no boolean, and no whole number that is too large for a float."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    except OverflowError:
        return False


def is_multiple(value: int | float, of: int | float) -> bool:
    """As far as binary fractions can tell."""
    if isinstance(value, int) and isinstance(of, int):
        return value % of == 0
    times = value / of
    return not isfinite(times) or abs(times - round(times)) <= 1e-9 * max(1.0, abs(times))


def _number(forbids: Callable[[Any, Any], bool], rule: str) -> Callable[[Any, Any], str]:
    def check(value: Any, limit: Any) -> str:
        forbidden = is_number(value) and is_number(limit) and forbids(value, limit)
        return f"{rule} {limit}" if forbidden else ""

    return check


def _size(
    kind: type[str] | type[list[Any]], forbids: Callable[[int, int], bool], rule: str, unit: str
) -> Callable[[Any, Any], str]:
    def check(value: Any, limit: Any) -> str:
        forbidden = isinstance(value, kind) and type(limit) is int and forbids(len(value), limit)
        return f"{rule} {limit} {unit}{'' if limit == 1 else 's'}" if forbidden else ""

    return check


def _pattern(value: Any, text: Any) -> str:
    if not isinstance(value, str) or not isinstance(text, str) or len(value) > _LOOKED_AT:
        return ""
    pattern = _compiled(text)
    return "" if pattern is None or pattern.search(value) else f"does not match {text}"


@lru_cache(maxsize=256)
def _compiled(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(check_pattern(text))
    except Usage:
        return None


def _constant(value: Any, expected: Any) -> str:
    return "" if value == expected else f"is not {expected}"


_CHECKS: dict[str, Callable[[Any, Any], str]] = {
    "minimum": _number(lambda value, limit: value < limit, "is less than"),
    "maximum": _number(lambda value, limit: value > limit, "is more than"),
    "exclusiveMinimum": _number(lambda value, limit: value <= limit, "is not more than"),
    "exclusiveMaximum": _number(lambda value, limit: value >= limit, "is not less than"),
    "multipleOf": _number(lambda value, limit: limit > 0 and not is_multiple(value, limit),
                          "is not a multiple of"),
    "minLength": _size(str, lambda size, limit: size < limit, "is shorter than", "character"),
    "maxLength": _size(str, lambda size, limit: size > limit, "is longer than", "character"),
    "minItems": _size(list, lambda size, limit: size < limit, "has fewer than", "item"),
    "maxItems": _size(list, lambda size, limit: size > limit, "has more than", "item"),
    "pattern": _pattern,
    "const": _constant,
}  # fmt: skip
