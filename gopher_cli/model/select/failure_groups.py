"""Failure groups: errors that differ in numbers, names and places alone are one and the same."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import msgspec

from gopher_cli.model.text.timestamp import Timestamp

# Errors are compared by so many characters of their first line.
_COMPARED = 300
NOTHING_TOLD = "(no error is told)"
_CLASS = r"[A-Za-z_][\w.]*(?=: )"

# What varies, in this order: what is quoted may hold a path, a path a UUID, and a UUID numbers.
_VARIES = (
    (r"""(?<![\w…])(["'`])(?:(?!\1).)*\1(?!\w)""", "…"),
    (r"\b([a-z][a-z0-9+.-]*://)(?:[^/\s@]*@)?([^/\s?#:\[]*)[^\s)>,;]*", r"\1\2…"),
    (r"[\w.+-]+@[\w-]+\.[\w.-]*\w", "…"),
    (r"(?<![\w.…/])((?:[A-Za-z]:|\.{1,2}|~)?[/\\][\w.@%+~-]+)(?:[/\\][\w.@%+~…-]*)+", r"\1/…"),
    (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", "…"),
    (r"\b0x[0-9a-fA-F]+\b", "…"),
    (r"\b(?=[a-zA-Z_-]*\d)[\w-]{12,}\b", "…"),
    (r"\b(?=[a-fA-F]*\d)[0-9a-fA-F]{6,}\b", "…"),
    (r"[-+]?\d+(?:[.,:]\d+)*", "…"),
    (r"…(?:[\s,;:/.x×+-]*…)+", "…"),
)


class FailureGroup(
    msgspec.Struct, frozen=True, kw_only=True, rename={"first_ms": "first_at", "last_ms": "last_at"}
):
    """Dead jobs of one error. `sample` are ids of the newest."""

    group: str
    error: str
    count: int
    types: dict[str, int]
    queues: dict[str, int]
    first_ms: Timestamp
    last_ms: Timestamp
    sample: list[str]


class FailureGroups(msgspec.Struct, frozen=True, rename={"groups": "items"}):
    """The largest first. Of ``seen`` dead jobs: where that is not the ``whole``, there are more."""

    groups: list[FailureGroup]
    seen: int
    whole: bool


def shape_of(error: str) -> str:
    """The first line of an error with ``…`` for whatever varies; the class of the exception stays."""
    line = next((part for part in error[:10_000].splitlines() if part.strip()), "")
    return _shape_of(line.strip()[:_COMPARED])


def group_of(error: str) -> str:
    """The name of the group that an error belongs to: 12 hexadecimal digits."""
    return hashlib.blake2b(shape_of(error).encode("utf-8", "replace"), digest_size=6).hexdigest()


@lru_cache(maxsize=16_384)
def _shape_of(line: str) -> str:
    head = match[0] if (match := re.match(_CLASS, line)) else ""
    rest = line[len(head) :]
    for pattern, instead in _VARIES:
        rest = re.sub(pattern, instead, rest)  # compiled once, and by nobody who only submits
    return " ".join((head + rest).split()) or NOTHING_TOLD
