"""What people type to find jobs, as a Filter and back: ``state:failed type:email error:"time out" ann``.

A word is free text, or ``name:value``; quotes hold words together, and a backslash in quotes takes the next
character as it is. Several words must all be met. ``state:`` and ``queue:`` may be said again, or ``a,b``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.job import STATE_ALIASES, JobState
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.select.safe_regex import check_pattern
from gopher_cli.model.text.duration import parse_duration

LONGEST = 2000  # characters
_FIELDS = {
    "state": "states", "type": "type", "queue": "queues", "tag": "tag", "error": "error", "id": "id_part",
    "group": "group", "older": "older_than", "poison": "poison",
}  # fmt: skip
QUALIFIERS = (*_FIELDS, "payload.")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NAME = re.compile(r"[^\s:\"]+(?=[:\"])")
_BARE = re.compile(r"[^\s\"]+")
_PLAIN = re.compile(r"[^\s\":,\\]+")


class _Word(NamedTuple):
    """``name`` is empty for free text; ``at`` is where it stands, from 1."""

    name: str
    value: str
    at: int


def parse_search(text: str) -> Filter:
    """Raises Usage that says at which character it is wrong, and what was perhaps meant."""
    if len(text) > LONGEST:
        raise Usage(f"a search has at most {LONGEST} characters, not {len(text)}")
    criteria: dict[str, Any] = {}
    for word in _words(text):
        if not word.name:
            criteria["text"] = (*criteria.get("text", ()), word.value)
        elif word.name.startswith("payload."):
            path = word.name.removeprefix("payload.")
            criteria["payload"] = (*criteria.get("payload", ()), (path, word.value))
        else:
            _take(criteria, word)
    return Filter(**criteria)


def _words(text: str) -> Iterator[_Word]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        name, start = _name_at(text, at)
        value, end = _value_at(text, start)
        if end < len(text) and not text[end].isspace():
            raise _wrong(end + 1, "a space is missing before this", 'write it in quotes: "..."')
        if not value and not name:
            raise _wrong(at + 1, "an empty word is in every job", "leave it out, or say what to find")
        if not value and not name.startswith("payload."):
            raise _needs_value(name, at + 1)
        yield _Word(name, value, at + 1)
        at = end


def _name_at(text: str, at: int) -> tuple[str, int]:
    """The qualifier that begins here, and where its value does; an empty one before free text."""
    match = _NAME.match(text, at)
    if not match:
        return "", at
    name, after = match[0], match.end()
    if name == "payload." and text[after] == '"':
        path, after = _value_at(text, after)
        name += path
    if text[after : after + 1] != ":":
        return "", at
    if name in _FIELDS or (name.startswith("payload.") and name != "payload."):
        return name, after + 1
    raise _unknown(name, at + 1)


def _value_at(text: str, start: int) -> tuple[str, int]:
    if text[start : start + 1] == '"':
        quoted = _QUOTED.match(text, start)
        if not quoted:
            raise _wrong(start + 1, "this quote is not closed", 'a quote inside quotes is \\"')
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), quoted.end()
    bare = _BARE.match(text, start)
    return (bare[0], bare.end()) if bare else ("", start)


def _take(criteria: dict[str, Any], word: _Word) -> None:
    name = _FIELDS[word.name]
    if name in ("states", "queues"):
        parts = [part for part in word.value.split(",") if part]
        if not parts:  # two variables that are empty must not mean everything
            raise _needs_value(word.name, word.at)
        more = [_state(part, word.at) for part in parts] if name == "states" else parts
        criteria[name] = tuple(dict.fromkeys([*criteria.get(name, ()), *more]))
    elif name in criteria:
        raise _wrong(word.at, f"{word.name}: stands twice", "a job has to meet both: say it once")
    elif name == "older_than":
        criteria[name] = _age(word)
    else:
        criteria[name] = _checked(word)


def _state(text: str, at: int) -> str:
    state = STATE_ALIASES.get(text, text)
    if state not in list(JobState):
        raise _wrong(at, f"no state {text!r}", f"states: {', '.join(JobState)}")
    return state


def _age(word: _Word) -> float:
    try:
        seconds = parse_duration(word.value)
    except ValueError as wrong:
        raise _wrong(word.at, f"older: {wrong}") from None
    if seconds <= 0:
        raise _wrong(word.at, "older: every job is older than nothing", "leave it out, or say how old")
    return seconds


def _checked(word: _Word) -> str:
    """Searches come from strangers too: a pattern must not keep a server busy."""
    if word.name == "poison" and word.value not in ("yes", "no"):
        raise _wrong(word.at, f"poison: is yes or no, not {word.value!r}")
    if word.name == "error":
        try:
            check_pattern(word.value)
        except Usage as wrong:
            raise _wrong(word.at, f"error: {wrong}", wrong.hint) from None
    return word.value


_EXAMPLES = {"state": "failed", "older": "1h", "type": "email", "error": '"timed out"', "poison": "yes"}


def _needs_value(name: str, at: int) -> Usage:
    return _wrong(at, f"{name}: needs a value", f"for example {name}:{_EXAMPLES.get(name, '...')}")


def _unknown(name: str, at: int) -> Usage:
    near = difflib.get_close_matches(name.rstrip("."), [*_FIELDS, "payload"], 1)
    guess = f"did you mean {near[0]}:? " if near and near[0] != "payload" else ""
    if near and near[0] == "payload":
        guess = "write payload.name:value. "
    return _wrong(
        at, f"no qualifier {name}:", f"{guess}as free text write it in quotes; known: {', '.join(QUALIFIERS)}"
    )


def _wrong(at: int, problem: str, hint: str = "") -> Usage:
    return Usage(f"the search at character {at}: {problem}", hint)


def format_search(filter: Filter) -> str:
    """The text that `parse_search` makes this filter of."""
    words = [f"state:{state}" for state in filter.states]
    words += [f"queue:{_quoted(queue)}" for queue in filter.queues]
    for name in ("type", "tag", "error", "id", "group", "poison"):
        if value := getattr(filter, _FIELDS[name]):
            words.append(f"{name}:{_quoted(value)}")
    if filter.older_than:
        words.append(f"older:{_seconds(filter.older_than)}")
    words += [f"payload.{_quoted(path)}:{_quoted(value)}" for path, value in filter.payload]
    return " ".join([*words, *(_quoted(word) for word in filter.text)])


def _seconds(value: float) -> str:
    """Exactly, and never in scientific form: that is no duration."""
    from decimal import Decimal

    return f"{int(value)}s" if value == int(value) else f"{Decimal(value):f}s"


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
