"""Of which kind and how large a value is that somebody gives for a job. Each check raises Usage.

None is nobody's value: what is not given never comes here, and what is empty is refused like any other.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import Any

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.backoff import parse_backoff
from gopher_cli.model.job.ids import VALID_ID, VALID_NAME
from gopher_cli.model.job.job import PRIORITIES

MAX_HEADERS = 8192  # bytes, names and values
MAX_RETRIES = 1000
_MAX_TEXT = 512
_FAR = 1e11  # seconds; in ms it is still exact as a float
_RESERVED = ("types",)  # GET /api/v1/jobs/types is the list of types


def check_text(name: str, value: Any, *, most: int = _MAX_TEXT) -> str:
    """Text that can be stored: some characters, none of them half a pair. Who shows it makes it safe."""
    if not isinstance(value, str):
        raise Usage(f"{name} is text, not {shown(value)}")
    if not value:
        raise Usage(f"{name} is empty", "leave it out, or give it a value")
    if len(value) > most:
        raise Usage(f"{name} has {most} characters at most, not {len(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Usage(f"{name} is not valid Unicode: {shown(value)} has half of a surrogate pair") from None
    return str.__str__(value)  # of a subclass, too, the text itself


def check_type(type: str) -> str:
    try:
        return _type(type)
    except TypeError:  # it cannot even be a key
        raise Usage(f"the type is text, not {shown(type)}") from None


# Jobs are many, their types and queues are few.
@lru_cache(maxsize=1024)
def _type(type: str) -> str:
    return check_name("the type", type, VALID_ID, "1-128 of A-Z a-z 0-9 _ . : -")


def check_id(id: str) -> str:
    """An id for a new job."""
    if id in _RESERVED:
        raise Usage(f"the id {shown(id)} is taken: the API has something else under that name")
    return check_name("the id", id, VALID_ID, "1-128 of A-Z a-z 0-9 _ . : -")


def check_queue(queue: str) -> str:
    try:
        return _queue(queue)
    except TypeError:
        raise Usage(f"the queue is text, not {shown(queue)}") from None


@lru_cache(maxsize=1024)
def _queue(queue: str) -> str:
    return check_name("the queue", queue, VALID_NAME, "1-64 of A-Z a-z 0-9 _ . -")


def check_name(name: str, value: Any, pattern: re.Pattern[str], shape: str) -> str:
    """The name of something that has an address of its own. ``shape`` says what ``pattern`` means."""
    if not isinstance(value, str):
        raise Usage(f"{name} is text, not {shown(value)}")
    if not pattern.fullmatch(value):
        raise Usage(f"{name} {shown(value)} is not {shape}")
    if not value.strip("."):
        raise Usage(f"{name} {shown(value)} has only dots, and in a web address they mean another place")
    return str.__str__(value)


def check_retries(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Usage(f"{name} is a whole number, not {shown(value)}")
    if not 0 <= value <= MAX_RETRIES:
        raise Usage(f"{name} is from 0 to {MAX_RETRIES}, not {shown(value)}")
    return int(value)


def check_timeout(value: Any) -> float:
    if not 0.01 <= _number("a timeout", value) <= 30 * 86400:
        raise Usage(f"a timeout is from 10ms to 30d, not {shown(value)} seconds")
    return float(value)


def check_seconds(name: str, value: Any, *, to: str = "") -> float:
    """A time to wait, or a moment; ``to`` says how far it goes."""
    if not 0 <= _number(name, value) <= _FAR:
        range = f"from 0 to {to}" if to else "from 0 on"
        raise Usage(f"{name} is a number of seconds {range}, not {shown(value)}")
    return float(value)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Usage(f"{name} is a number of seconds, not {shown(value)}")
    if isinstance(value, float) and not isfinite(value):
        raise Usage(f"{name} is a number of seconds, not {value}")
    return value


def check_list(name: str, values: Any, most: int) -> tuple[Any, ...]:
    """The members of a list, in its order. A text is not a list of its letters."""
    if isinstance(values, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(values, Iterable):
        raise Usage(f"{name} is a list, not {shown(values)}", f"for one write {name}=[...]")
    members = tuple(islice(values, most + 1))
    if len(members) > most:
        raise Usage(f"{name} has {most} members at most")
    return members


def check_headers(headers: Any) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise Usage(f"headers are texts by name, not {shown(headers)}", 'such as {"tenant": "acme"}')
    if len(headers) > 50:
        raise Usage(f"a job has 50 headers at most, not {len(headers)}")
    checked, size = {}, 0
    for name, value in headers.items():
        check_text("the name of a header", name)
        if value != "":  # a header may say nothing
            check_text(f"the header {shown(name)}", value, most=MAX_HEADERS)
        checked[str.__str__(name)] = str.__str__(value)
        size += len(name.encode()) + len(value.encode())
    if size > MAX_HEADERS:
        raise Usage(f"the headers have {size} bytes, and 8 KB is the limit", "the payload has room for more")
    return checked


def check_backoff(text: str) -> str:
    """Raises Usage for what is no back-off."""
    try:
        parse_backoff(check_text("a back-off", text))
    except ValueError as error:
        raise Usage(str(error)) from error
    return text


def check_priority(priority: Any) -> int:
    """0 to 10, higher first; or high (8), normal (5), low (2). Raises Usage."""
    if priority == 5 and type(priority) is int:
        return 5
    rule = "a priority is high, normal, low or 0-10"
    if isinstance(priority, str):
        if priority in PRIORITIES:
            return PRIORITIES[priority]
        if not (priority.isascii() and priority.isdecimal() and len(priority) < 10):
            near = difflib.get_close_matches(priority, PRIORITIES, 1)
            raise Usage(f"{rule}, not {shown(priority)}", f"did you mean {near[0]}?" if near else "")
        priority = int(priority)
    if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= 10:
        raise Usage(f"{rule}, not {shown(priority)}")
    return int(priority)


def check_parents(after: Any) -> tuple[str, ...]:
    """The jobs to wait for, each once."""
    return tuple(dict.fromkeys(known_id(id) for id in check_list("after", after, 100)))


def known_id(id: Any) -> str:
    if not isinstance(id, str) or not VALID_ID.fullmatch(id):
        raise Usage(f"{shown(id)} is not the id of a job")
    return str.__str__(id)


def shown(value: Any) -> str:
    """A value as an error tells it: short, and whatever it is."""
    try:
        text = repr(value)
    except Exception:  # it cannot even say what it is
        text = f"{type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."
