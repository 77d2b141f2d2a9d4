"""Lua files as scripts: fragments put in, and the header read, which is the contract.

``-- KEYS`` and ``-- ARGV`` name what a script takes, in order; callers pass by name.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LUA = Path(__file__).parent / "lua"
_INCLUDE = re.compile(r"^--- @include (\w+)$\n", re.MULTILINE)
_HEADER = re.compile(r"^-- (KEYS|ARGV)  (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    source: str
    sha: str
    keys: tuple[str, ...]
    argv: tuple[str, ...]


def fragment(name: str) -> str:
    return (LUA / "lib" / f"{name}.lua").read_text()


@cache
def load(name: str) -> Script:
    text = (LUA / f"{name}.lua").read_text()
    header = {kind: names.split() for kind, names in _HEADER.findall(text)}
    source = _INCLUDE.sub(lambda found: fragment(found[1]), text)
    sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
    argv = tuple(name for name in header["ARGV"] if name != "...")
    return Script(name, source, sha, tuple(header["KEYS"]), argv)
