"""A pattern as browsers spell it, for the attribute of an input, which has to match from end to end.

Browsers read it with JavaScript's flag v: stricter than Python about what has to be escaped, and with a
narrower notion of letters and digits.
"""

from __future__ import annotations

import re

# A class of characters, an escape, or the beginning of a group that is not a plain one.
_PART = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\.|\(\?.?", re.DOTALL)
_TOKEN = re.compile(r"\\.|.", re.DOTALL)
_GROUPS = ("(?:", "(?=", "(?!")
_SAME = frozenset("nrtfvsSxu")  # escapes that mean the same
_WIDER = {r"\d": r"\p{Nd}", r"\w": r"\p{L}\p{N}_"}
_SYNTAX = frozenset("^$\\.*+?()[]{}|/")
_RESERVED = _SYNTAX | frozenset("&-!#%,:;<=>@`~")


class _Unspeakable(Exception):
    """Python knows it, and browsers do not."""


def in_html(pattern: str) -> str:
    """The same pattern; "" where it cannot be said: then the browser checks nothing."""
    try:
        return f".*(?:{_PART.sub(_part, pattern)}).*"
    except _Unspeakable:
        return ""


def _part(match: re.Match[str]) -> str:
    part = match[0]
    if part.startswith("[") and len(part) > 2:
        return _class(part[1:-1])
    if part.startswith("\\"):
        return f"[{_WIDER[part]}]" if part in _WIDER else _escape(part[1], _SYNTAX)
    if part not in _GROUPS:
        raise _Unspeakable
    return part


def _class(body: str) -> str:
    tokens = _TOKEN.findall(body.removeprefix("^"))
    spelt = [_member(char, is_range=char == "-" and 0 < n < len(tokens) - 1) for n, char in enumerate(tokens)]
    return f"[{'^' if body.startswith('^') else ''}{''.join(spelt)}]"


def _member(token: str, *, is_range: bool) -> str:
    if token in _WIDER or is_range:
        return _WIDER.get(token, token)
    if len(token) > 1:
        return _escape(token[1], _RESERVED)
    return f"\\{token}" if token in _RESERVED else token


def _escape(char: str, syntax: frozenset[str]) -> str:
    """An escape where it is one for browsers too, else the character itself."""
    if char in syntax or char in _SAME:
        return f"\\{char}"
    if char.isalnum():
        raise _Unspeakable
    return char
