"""The payload as people type it: JSON, @file, - for stdin, key=text, key:=json."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gopher_cli.cli.shell.console import Console
from gopher_cli.model.errors import BadData, NotFound, Usage

# No JSON text looks like this: outside of quotes only true, false and null begin with a letter.
_PAIR = re.compile(r"([A-Za-z_][\w.\-]*)(:?=)(.*)", re.DOTALL)
_MOST = 8 * 1024 * 1024  # enough to say by how much it is too large


def read_payload(console: Console, given: Sequence[str], pairs: Sequence[str]) -> bytes:
    """JSON text. Pairs are set in the object that a whole payload gives. Raises Usage, BadData."""
    whole = [text for text in given if not _PAIR.fullmatch(text)]
    settings = [text for text in given if _PAIR.fullmatch(text)] + list(pairs)
    if len(whole) > 1:
        raise Usage("there are two payloads", "give one -p, and key=value pairs beside it")
    raw = _whole(console, whole[0]) if whole else b"{}"
    return _with_pairs(console, raw, settings) if settings else raw


def _whole(console: Console, text: str) -> bytes:
    if text == "-":
        return read_stdin(console)
    if text.startswith("@"):
        return read_file(text[1:])
    return without_mark(text.encode("utf-8", "surrogateescape"))  # of $(cat file)


def _with_pairs(console: Console, raw: bytes, pairs: Sequence[str]) -> bytes:
    import msgspec

    from gopher_cli.model.job.payload import check_json

    check_json(raw)
    payload: Any = msgspec.json.decode(raw)
    if not isinstance(payload, dict):
        raise BadData("key=value pairs need a payload that is a JSON object")
    keys: list[str] = []
    for pair in pairs:
        match = _PAIR.fullmatch(pair)
        if match is None:
            raise Usage(f"{pair!r} is not key=text or key:=json", "JSON goes behind -p")
        key = match[1]
        if any(other == key or other.startswith(f"{key}.") for other in keys):  # one would be lost
            raise Usage(f"{key} is given twice", "leave one out")
        keys.append(key)
        set_field(payload, key, _value(key, match[2], match[3]))
    try:
        return msgspec.json.encode(payload)
    except UnicodeEncodeError:
        raise BadData("the payload is not valid UTF-8") from None


def _value(key: str, sign: str, text: str) -> Any:
    raw = read_file(text[1:]) if text.startswith("@") else text.encode("utf-8", "surrogateescape")
    if sign == "=":
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise BadData(f"{key}: the text is not UTF-8, at byte {error.start}") from None
    return json_value(key, raw, f"for text write {key}={text}")


def json_value(key: str, raw: bytes, hint: str) -> Any:
    """Raises BadData that names the key."""
    import msgspec

    from gopher_cli.model.job.payload import check_json

    try:
        check_json(raw, f"{key}: this")
    except BadData as error:
        error.hint = hint
        raise
    return msgspec.json.decode(raw)


def set_field(target: dict[str, Any], key: str, value: Any) -> None:
    """``a.b`` sets b in the object a."""
    *path, last = key.split(".")
    for part in path:
        inner = target.setdefault(part, {})
        if not isinstance(inner, dict):
            raise Usage(f"{key}: {part} is not an object")
        target = inner
    target[last] = value


def read_stdin(console: Console) -> bytes:
    if sys.stdin.isatty():
        console.say("reading JSON from stdin, end with Ctrl-D")
    try:
        return without_mark(sys.stdin.buffer.read(_MOST))
    except OSError as error:  # such as one that was opened to write
        raise Usage(f"cannot read stdin: {error.strerror or error}") from None


def without_mark(text: bytes) -> bytes:
    """Notepad and PowerShell put a byte order mark in front: it is not part of what is meant."""
    return text.removeprefix(codecs.BOM_UTF8)


def read_file(name: str) -> bytes:
    """Raises NotFound or Usage."""
    try:
        with Path(name).expanduser().open("rb") as file:
            return without_mark(file.read(_MOST))
    except FileNotFoundError:
        raise NotFound(f"there is no file {name}") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise Usage(f"cannot read {name}: {getattr(error, 'strerror', None) or error}") from None
