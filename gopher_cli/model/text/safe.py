"""safe(): the one door through which text of a job reaches a terminal, or a log."""

from __future__ import annotations

import re

# What may move a cursor, ring, hide or reverse text, or end a line that we have begun:
# C0, DEL, C1 (ESC starts every CSI and OSC), bidirectional controls, characters without width,
# line and paragraph separators, variation and tag characters, lone surrogates.
HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
_BREAKS = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def safe(text: object, *, lines: bool = False) -> str:
    """The text with every hostile character as a visible escape.

    ``lines`` keeps newlines and tabs, for what stands on lines of its own; a cell has neither.
    """
    cleaned = HOSTILE.sub(_escape, str(text))
    return cleaned if lines else cleaned.replace("\n", "\\n").replace("\t", "\\t")


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in _BREAKS:
        return _BREAKS[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
