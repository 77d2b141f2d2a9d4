"""Whether a Filter means a job, by what is stored of it. The cheap questions come first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from gopher_cli.model.job.history_outcome import HistoryOutcome
from gopher_cli.model.job.ids import VALID_ID
from gopher_cli.model.job.job import Spec
from gopher_cli.model.select.failure_groups import group_of
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.job_view import JobRow
from gopher_cli.store.calls.sieve import Sieve
from gopher_cli.store.rows import read_history, spec_or_none

_LINE, _HISTORY = 500, 4000  # bytes
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")  # as JSON has it


def may_mean(filter: Filter, id: str, at: int, now: int) -> bool:
    """As far as the id tells, and the time that the job's state turns on (ms, as ``now``)."""
    if filter.id_part and filter.id_part not in id:
        return False
    return not filter.older_than or at <= now - filter.older_than * 1000


def sieve_of(filter: Filter) -> Sieve | None:
    """What the server can tell of it without reading JSON; None where that is nothing.

    Specs are written by us alone: they begin with the type, and a tag stands in them as it is encoded here.
    """
    head = b'["%b",' % filter.type.encode() if VALID_ID.fullmatch(filter.type) else b""
    tag = msgspec.json.encode(filter.tag) if filter.tag else b""
    # First without its first quote: a search by a letter meets fewer places than one by quotes.
    texts = (tag[1:], tag) if tag else ()
    return Sieve(filter.id_part, head, texts) if head or texts or filter.id_part else None


def means(filter: Filter, row: JobRow, spec: bytes, errors: bytes) -> bool:
    """A job that it may mean, by what is in it."""
    if filter.type and row.type != filter.type:
        return False
    if filter.error and not re.search(filter.error, _searched(errors)):
        return False
    if filter.group and not _is_of(filter.group, row):
        return False
    if filter.poison and (filter.poison == "yes") is not (row.state == "failed" and is_poison(errors)):
        return False
    return not (filter.tag or filter.payload or filter.text) or _holds(filter, row, spec)


def is_poison(errors: bytes) -> bool:
    """Whether the last line of a history says so."""
    last = errors.rstrip(b"\n").rpartition(b"\n")[2]
    poison = HistoryOutcome.POISON
    return poison.encode() in last and any(entry.outcome is poison for entry in read_history(last))


def _searched(errors: bytes) -> str:
    """The beginnings of the last lines of a history: a pattern may take long, and searches no more."""
    if len(errors) > _LINE:
        errors = b"\n".join(line[:_LINE] for line in errors.splitlines())[-_HISTORY:]
    return errors.decode("utf-8", "replace")


def _is_of(group: str, row: JobRow) -> bool:
    return bool(row.error or row.state == "failed") and group_of(row.error or "") == group


def _holds(filter: Filter, row: JobRow, raw: bytes) -> bool:
    """The questions that need the spec; of an unreadable one nothing but the text can be known."""
    spec = spec_or_none(raw)
    if filter.tag and (spec is None or filter.tag not in spec.options.tags):
        return False
    if filter.payload and not (spec and _has_fields(spec, filter.payload)):
        return False
    return not filter.text or _says(filter.text, row, spec)


def _has_fields(spec: Spec, fields: tuple[tuple[str, str], ...]) -> bool:
    try:
        payload = msgspec.json.decode(spec.payload)
        return all(any(_equals(value, text) for value in _at(payload, path)) for path, text in fields)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _at(value: Any, path: str) -> Iterator[Any]:
    """Every value at the end of this path; of a list each member, or the one with that number."""
    name, _, rest = path.partition(".")
    if not path:
        yield from value if isinstance(value, list) else [value]
    elif isinstance(value, dict):
        if path in value:  # a name may have dots
            yield from _at(value[path], "")
        elif name in value:
            yield from _at(value[name], rest)
    elif isinstance(value, list) and name.isdecimal():
        yield from _at(value[int(name)], rest) if int(name) < len(value) else ()
    elif isinstance(value, list):
        for item in value:
            yield from _at(item, path)


def _equals(value: Any, text: str) -> bool:
    """JSON's scalars as people write them: ``42`` is the number and the text, ``true`` both too."""
    if isinstance(value, str):
        return value == text
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value] == text
    if not isinstance(value, (int, float)) or not _NUMBER.fullmatch(text):
        return False
    try:
        return bool(value == msgspec.json.decode(text))
    except (msgspec.DecodeError, ValueError):  # too large for any
        return False


def _says(words: tuple[str, ...], row: JobRow, spec: Spec | None) -> bool:
    known = [row.id, row.type, row.error or ""]
    if spec is not None:
        known += [*spec.options.tags, spec.options.unique_key, _readable(bytes(spec.payload))]
    whole = "\n".join(known).casefold()
    return all(word.casefold() in whole for word in words)


def _readable(payload: bytes) -> str:
    """JSON as people would write it: what is escaped (``\\u00fc``) is searched for as what it is."""
    if b"\\u" in payload:
        with suppress(msgspec.DecodeError, UnicodeError, ValueError, RecursionError):
            payload = msgspec.json.encode(msgspec.json.decode(payload))
    return payload.decode("utf-8", "replace")
