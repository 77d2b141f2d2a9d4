"""Lua files as scripts: put together with the fragments that they need, and the header read, the contract.

``-- KEYS`` and ``-- ARGV`` name what a script takes, in order. Callers pass by name, and by name the script
and its fragments ask for it: ``KEYS.meta``, ``ARGV.limit``. The loader makes numbers of the names, so that
no script begins with a list of variables, and none can take one key for another.

``--- @needs record batch`` names the fragments (the files under ``lib``) whose functions a file calls itself.
What these need in turn they say themselves. Each comes once, behind all that it needs.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LUA = Path(__file__).parent / "lua"
_NEEDS = re.compile(r"--- @needs (.+)\n")
_HEADER = re.compile(r"^-- (KEYS|ARGV)  (.*(?:\n--       .*)*)", re.MULTILINE)
_NAME = re.compile(r"(?:KEYS|ARGV)\.\w+")


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    source: str
    sha: str
    keys: tuple[str, ...]
    argv: tuple[str, ...]


@cache
def files() -> dict[str, str]:
    """Every Lua file by its name, which is unique over all folders: where it is under ``LUA``."""
    return {name.removesuffix(".lua"): path for name, path in _walk("")}


def _walk(folder: str) -> Iterator[tuple[str, str]]:
    for entry in os.scandir(f"{LUA}/{folder}"):  # os.walk takes twice as long, at each start of a command
        if entry.is_dir():
            yield from _walk(f"{folder}{entry.name}/")
        else:
            yield entry.name, folder + entry.name


def names() -> list[str]:
    """The names of all scripts, in alphabetical order."""
    return sorted(name for name in files() if not is_fragment(name))


def is_fragment(name: str) -> bool:
    return files().get(name, "").startswith("lib/")


@cache
def read(name: str) -> str:
    """The file of a script or a fragment, as it was written."""
    return Path(f"{LUA}/{files()[name]}").read_text(encoding="utf-8")


@cache
def load(name: str) -> Script:
    """Raises ValueError where a fragment is not there or needs itself, or the header does not name a key."""
    parts: dict[str, str] = {}
    _add(name, parts, ())
    source = numbered(name, "".join(parts.values()))
    sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
    return Script(name, source, sha, *_header(name))


@cache
def needs(name: str) -> tuple[str, ...]:
    """The fragments that a file names."""
    return tuple(" ".join(_NEEDS.findall(read(name))).split())


def _add(name: str, parts: dict[str, str], above: tuple[str, ...]) -> None:
    """A file behind all that it needs; ``above`` are those that led here."""
    above = (*above, name)
    text = read(name)
    for need in needs(name):
        if need in above:
            raise ValueError(f"fragments need each other in a circle: {' -> '.join((*above, need))}")
        if not is_fragment(need):
            raise ValueError(f"{name}.lua needs {need}, and no fragment has this name")
        if need not in parts:
            _add(need, parts, above)
    parts[name] = _NEEDS.sub("", text)


@cache
def _header(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    header = dict(_HEADER.findall(read(name)))
    return tuple(re.findall(r"\w+", header["KEYS"])), tuple(re.findall(r"\w+", header["ARGV"]))


def numbered(name: str, text: str) -> str:
    """``KEYS.meta`` as ``KEYS[11]``, or what the header of this script makes of it."""
    numbers = {
        f"{kind}.{asked}": f"{kind}[{number}]"
        for kind, header in zip(("KEYS", "ARGV"), _header(name), strict=True)
        for number, asked in enumerate(header, 1)
    }
    try:
        return _NAME.sub(lambda match: numbers[match[0]], text)
    except KeyError as missing:
        raise ValueError(f"the header of {name}.lua names no {missing.args[0]}") from None


def origin(name: str, line: int) -> str:
    """Where a line of a script as it was sent comes from, as ``lib/record/record.lua:12``."""
    left, parts = line, dict[str, str]()
    _add(name, parts, ())
    for part in parts:
        for number, text in enumerate(read(part).splitlines(keepends=True), 1):
            left -= not _NEEDS.match(text)
            if left == 0:
                return f"{files()[part]}:{number}"
    raise ValueError(f"{name} has no line {line}")
