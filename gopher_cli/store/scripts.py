"""Lua files as scripts: fragments put in, and the header read, which is the contract.

``-- KEYS`` and ``-- ARGV`` name what a script takes, in order. Callers pass by name, and by name the script
and its fragments ask for it: ``KEYS.meta``, ``ARGV.limit``. The loader makes numbers of the names, so that
no script begins with a list of variables, and none can take one key for another.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LUA = Path(__file__).parent / "lua"
_INCLUDE = re.compile(r"^--- @include (\w+)$\n", re.MULTILINE)
_HEADER = re.compile(r"^-- (KEYS|ARGV)  (.*(?:\n--       .*)*)", re.MULTILINE)
_NAME = re.compile(r"\b(KEYS|ARGV)\.(\w+)")


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    source: str
    sha: str
    keys: tuple[str, ...]
    argv: tuple[str, ...]


def fragment(name: str) -> str:
    return (LUA / "lib" / f"{name}.lua").read_text(encoding="utf-8")


@cache
def load(name: str) -> Script:
    text = (LUA / f"{name}.lua").read_text(encoding="utf-8")
    source = numbered(name, _INCLUDE.sub(lambda found: fragment(found[1]), text))
    sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
    return Script(name, source, sha, *_header(name))


@cache
def _header(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = dict(_HEADER.findall((LUA / f"{name}.lua").read_text(encoding="utf-8")))
    return tuple(re.findall(r"\w+", found["KEYS"])), tuple(re.findall(r"\w+", found["ARGV"]))


def numbered(name: str, text: str) -> str:
    """``KEYS.meta`` as ``KEYS[11]``, or what the header of this script makes of it."""
    header = dict(zip(("KEYS", "ARGV"), _header(name), strict=True))

    def number(found: re.Match[str]) -> str:
        kind, asked = found.groups()
        if asked not in header[kind]:
            raise ValueError(f"the header of {name}.lua names no {kind}.{asked}")
        return f"{kind}[{header[kind].index(asked) + 1}]"

    return _NAME.sub(number, text)


def origin(name: str, line: int) -> str:
    """Where a line of a script as it was sent comes from, as ``lib/record.lua:12``."""
    at = 0
    for number, said in enumerate((LUA / f"{name}.lua").read_text(encoding="utf-8").splitlines(), 1):
        included = _INCLUDE.match(f"{said}\n")
        size = len(fragment(included[1]).splitlines()) if included else 1
        if line <= at + size:
            return f"lib/{included[1]}.lua:{line - at}" if included else f"{name}.lua:{number}"
        at += size
    raise ValueError(f"{name} has no line {line}")
