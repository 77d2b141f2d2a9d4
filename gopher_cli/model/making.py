"""From what people type to a Job: every door makes its jobs here, with the same messages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gopher_cli.model.backoff import parse_backoff
from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.ids import VALID_ID, VALID_NAME, new_id
from gopher_cli.model.job import MAX_PAYLOAD, NO_OPTIONS, PRIORITIES, Job, Options, Spec

_encoder = msgspec.json.Encoder()
_MAX_TEXT = 512
_FAR = 1e11  # seconds; in ms it is still exact as a float


def make_job(
    type: str,
    payload: Any = None,
    *,
    id: str | None = None,
    queue: str = "default",
    priority: int | str = 5,
    max_retries: int | None = None,
    timeout: float | None = None,
    due: float = 0.0,
    delay: float = 0.0,
    options: Options = NO_OPTIONS,
) -> Job:
    """A checked job. ``payload`` is any JSON value, or JSON text as bytes or msgspec.Raw; none is {}.

    Times are in seconds, ``due`` since the epoch. Without ``max_retries`` and ``timeout`` those of the
    handler count. Raises Usage for a value that makes no sense,
    BadData for a payload that is no JSON or is larger than 1 MB.
    """
    check_type(type)
    if id is not None and not VALID_ID.fullmatch(id):
        raise Usage(f"the id {_short(id)} is not 1-128 of A-Z a-z 0-9 _ . : -")
    if max_retries is not None and not 0 <= max_retries <= 1000:
        raise Usage(f"max_retries is from 0 to 1000, not {max_retries}")
    for name, seconds in (("due", due), ("delay", delay)):
        if not 0 <= seconds <= _FAR:
            raise Usage(f"{name} is a number of seconds from 0 to the year 5138, not {seconds:g}")
    if timeout is not None and not 0.01 <= timeout <= 30 * 86400:
        raise Usage(f"a timeout is from 10ms to 30d, not {timeout:g} seconds")
    return Job(
        id=id or new_id(),
        queue=check_queue(queue),
        spec=Spec(type, encode_payload(payload), parse_priority(priority), max_retries, timeout, options),
        due=due,
        delay=delay,
    )


def make_options(
    *,
    backoff: str = "",
    unique_key: str = "",
    unique_for: float = 0.0,
    retention: float | None = None,
    after: Iterable[str] = (),
    tags: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    parent: str = "",
) -> Options:
    """Checked options; raises Usage. Equal to NO_OPTIONS when nothing is asked for."""
    after, tags, headers = tuple(after), tuple(tags), dict(headers or {})
    if backoff:
        _worded(parse_backoff, backoff)
    for name, text in [("unique key", unique_key), *(("tag", tag) for tag in tags)]:
        if len(text) > _MAX_TEXT:
            raise Usage(f"a {name} has {_MAX_TEXT} characters at most, not {len(text)}")
    for parent_id in after:
        if not VALID_ID.fullmatch(parent_id):
            raise Usage(f"{_short(parent_id)} is no job id to wait for")
    for name, seconds in (("unique_for", unique_for), ("retention", retention or 0.0)):
        if not 0 <= seconds <= _FAR:
            raise Usage(f"{name} is a number of seconds, 0 or more, not {seconds:g}")
    if unique_for and not unique_key:
        raise Usage("unique_for needs a unique key", "add --unique KEY")
    if len(after) > 100 or len(tags) > 50 or len(headers) > 50:
        raise Usage("a job has at most 100 jobs to wait for, 50 tags and 50 headers")
    return Options(
        backoff=backoff, unique_key=unique_key, unique_for=unique_for, retention=retention,
        after=after, tags=tags, headers=headers, parent=parent,
    )  # fmt: skip


def encode_payload(payload: Any) -> msgspec.Raw:
    """JSON text of at most 1 MB. Raises BadData."""
    if isinstance(payload, msgspec.Raw):
        raw = bytes(payload)
        if b"\\u" in raw:  # msgspec has not looked into its strings
            check_json(raw)
        _check_utf8(raw)
    elif isinstance(payload, bytes):
        check_json(payload)
        raw = payload
    else:
        try:
            raw = _encoder.encode(payload)
        except (TypeError, ValueError, UnicodeEncodeError, RecursionError) as error:
            raise BadData(f"the payload cannot be written as JSON: {error}") from error
    if len(raw) > MAX_PAYLOAD:
        size = len(raw) / 1024 / 1024
        raise BadData(
            f"the payload has {size:.2f} MB, and 1 MB is the limit",
            "store the data elsewhere and send its address",
        )
    return msgspec.Raw(raw)


def check_json(raw: bytes) -> None:
    """Raises BadData that shows the place where the text stops being JSON."""
    if not raw.strip():
        raise BadData("the payload is empty, and that is no JSON", "leave it away for {}")
    _check_utf8(raw)
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadData(f"the payload is no JSON: {_located(raw, error)}") from error


def _check_utf8(raw: bytes) -> None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        raise BadData(
            f"the payload is no JSON: byte 0x{byte:02x} at position {error.start} is not UTF-8"
        ) from None


def _located(raw: bytes, error: Exception) -> str:
    import json

    text = raw.decode("utf-8", "replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as found:
        start = max(0, found.pos - 30)
        near = text[start : found.pos + 30].replace("\n", " ").replace("\t", " ")
        said = found.msg.removesuffix(" at").removesuffix(" starting")
        where = f"{said} at line {found.lineno}, column {found.colno}"
        return f"{where}\n  {near}\n  {' ' * _cells(near[: found.pos - start])}^"
    except (RecursionError, ValueError):
        return str(error)
    lone = re.search(r"\\u[dD][89a-fA-F]", text)  # Python's parser lets these pass
    return f"half of a surrogate pair, near {_short(text[lone.start() :][:12])}" if lone else str(error)


def _cells(text: str) -> int:
    """How wide a terminal shows it: East Asian characters and emoji take two cells, accents none."""
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def parse_priority(priority: int | str) -> int:
    """0 to 10, higher first; or high (8), normal (5), low (2). Raises Usage."""
    if isinstance(priority, str):
        if priority in PRIORITIES:
            return PRIORITIES[priority]
        if not priority.isdecimal():
            near = difflib.get_close_matches(priority, PRIORITIES, 1)
            guess = f"did you mean {near[0]}?" if near else ""
            raise Usage(f"a priority is high, normal, low or 0-10, not {_short(priority)}", guess)
        priority = int(priority)
    if isinstance(priority, bool) or not 0 <= priority <= 10:
        raise Usage(f"a priority is high, normal, low or 0-10, not {priority}")
    return priority


def check_type(type: str) -> str:
    if not VALID_ID.fullmatch(type):
        raise Usage(f"the type {_short(type)} is not 1-128 of A-Z a-z 0-9 _ . : -")
    return type


def check_queue(queue: str) -> str:
    if not VALID_NAME.fullmatch(queue):
        raise Usage(f"the queue {_short(queue)} is not 1-64 of A-Z a-z 0-9 _ . -")
    return queue


def _worded(parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise Usage(str(error)) from error


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
