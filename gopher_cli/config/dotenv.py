"""``.env``: assignments, one a line, as a shell reads them but without expansion.

Other programs read this file too. What is wrong is an error where it concerns a variable of ours, and passed
over where it does not: a variable of ours that nobody notices may be the key of an open server.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from gopher_cli.model.errors import BadConfig

# Texts, compiled when they are used: few have a .env.
_HEAD = r"\ufeff?[ \t]*(?:export[ \t]+)?([^\s=#]+)[ \t]*=([ \t]*)"
_SINGLE, _DOUBLE = r"'[^']*'", r'"(?:[^"\\]|\\.)*"'
_WORD = rf"""(?s:(?:{_SINGLE}|{_DOUBLE}|\\.|[^\s'"\\#])+)"""  # quotes may go on behind quotes: 'it'\''s'
_PART = rf"""(?s)({_SINGLE})|({_DOUBLE})|\\(.)|([^'"\\]+)"""
_END = r"[ \t]*(?:(?<=[ \t])#[^\n]*)?(?:\n|\Z)"
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\", "\\$": "$", "\\`": "`", "\\\n": ""}


class _Value(NamedTuple):
    """``text`` is None where quotes do not fit; ``end`` is where the next line begins."""

    text: str | None
    end: int


def parse_dotenv(text: str, ours: Collection[str]) -> dict[str, str]:
    """What the file sets. A quoted value may go over several lines.

    Raises BadConfig, with the line and without the value, for a variable of ``ours`` whose quotes do not fit.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    head, values, at = re.compile(_HEAD), {}, 0
    while at < len(text):
        line_end = _line_end(text, at)
        match = head.match(text, at, line_end)
        if not match or match[1] not in ours:
            _check_lost(text, at, match.start(2) if match else line_end, ours)
        if not match:
            at = line_end
            continue
        value = _value(text, match.end(), blanks=bool(match[2]))
        if value.text is not None:
            values[match[1]] = value.text
        elif match[1] in ours:
            raise _wrong_quotes(text, at, match)
        at = value.end
    return values


def _check_lost(text: str, at: int, end: int, ours: Collection[str]) -> None:
    """Raises BadConfig for `API_KEY: x`, `set API_KEY=x` and the like, which set nothing.

    A name alone is for docker compose and shells: its value is that of the environment.
    """
    line = text[at:end].strip().lstrip("\ufeff")
    words = [] if line.startswith("#") else re.findall(r"[\w.-]+", line)[:2]
    name = next((word for word in words if word in ours), "")
    if name and not line.endswith(name):
        number = text.count("\n", 0, at) + 1
        raise BadConfig(
            f".env line {number} does not set {name}", f"write {name}=VALUE, with nothing in front"
        )


def _line_end(text: str, at: int) -> int:
    return text.find("\n", at) + 1 or len(text)


def _value(text: str, at: int, *, blanks: bool) -> _Value:
    line_end = _line_end(text, at)
    if text[at : at + 1] in ("'", '"'):
        word = re.compile(_WORD).match(text, at)
        end = re.compile(_END).match(text, word.end()) if word else None
        return _Value(_unquoted(word[0]), end.end()) if word and end else _Value(None, line_end)
    line = text[at:line_end]
    if blanks and line.startswith("#"):
        return _Value("", line_end)
    # A # begins a comment behind a blank only: `KEY=#x` and `KEY=a#b` have it in their value.
    return _Value(re.sub(r"\s+#.*", "", line).strip(), line_end)


def _unquoted(word: str) -> str:
    def plain(part: re.Match[str]) -> str:
        single, double, escaped, bare = part.groups()
        if double is not None:
            return re.sub(r"(?s)\\.", lambda m: _ESCAPES.get(m[0], m[0]), double[1:-1])
        return str(single[1:-1] if single is not None else escaped if escaped is not None else bare)

    return re.sub(_PART, plain, word)


def _wrong_quotes(text: str, at: int, match: re.Match[str]) -> BadConfig:
    quote, line = text[match.end()], text.count("\n", 0, at) + 1
    closes = re.compile(f"(?s:{_SINGLE}|{_DOUBLE})").match(text, match.end())
    wrong = f"has something behind its closing {quote}" if closes else f"has no closing {quote}"
    hint = "a blank comes before a comment" if closes else "quotes within a value: 'it'\\''s', or \"it's\""
    return BadConfig(f".env line {line}: the value of {match[1]} {wrong}", hint)
