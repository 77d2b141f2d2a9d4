"""Output that is not UTF-8: nothing raises, tables stay readable, and JSON is valid JSON."""

from __future__ import annotations

import codecs
import re
from typing import Any, TextIO

# Of one cell, as what they stand for. States of a bar stay different from each other.
_ALIKE = str.maketrans("▁▂▃▄▅▆▇█░▒▓▚╳■●▰▱━─│…→✓✗·µ±×–—’", "_.:-=+*#.%@/x#*#-=-|~>+x.u~x--'")


def fit(stream: Any) -> None:
    """Let the stream take all characters. What its encoding lacks becomes one like it, or an escape."""
    if hasattr(stream, "reconfigure"):
        codecs.register_error("alike", _alike)
        stream.reconfigure(errors="backslashreplace" if is_utf8(stream) else "alike")


def fit_data(stream: Any) -> None:
    """The same for what programs read: no character stands for another one."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def is_utf8(stream: TextIO) -> bool:
    encoding = getattr(stream, "encoding", None)  # of a text in memory it is nothing
    return not encoding or codecs.lookup(encoding).name == "utf-8"


def ascii_json(text: str) -> str:
    """JSON with its other characters as JSON escapes: the same value, in any encoding."""
    import json

    # They all stand within JSON strings.
    return re.sub(r"[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], text)


def _alike(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    bad = error.object[error.start : error.end]
    shown = "".join(char if char.isascii() else _escaped(char) for char in bad.translate(_ALIKE))
    return shown, error.end


def _escaped(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode()
