"""Taking the text of many jobs apart, each to be read later: no more of them than a request may bring.

16 MB of `[1,1,1,...]` would be eight million objects. So where there are many commas, the items are counted
first, by a pattern that makes nothing of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import islice

import msgspec

from gopher_cli.web.server.problems import Problem

MOST = 50_000  # jobs in one request
_DEEPEST = 100  # a job may be nested 64 deep
_HEAD = re.compile(rb'\s*\{\s*"jobs"\s*:\s*\[')
_OPENS = re.compile(rb"\s*\[")
_LINE = re.compile(rb"\S[^\n]*")
_BETWEEN = re.compile(rb"[\s,]*")
_TAIL = re.compile(rb"\s*\]\s*\}\s*")
_array = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, list[msgspec.Raw]])


def lines_of(text: bytes) -> list[bytes]:
    """The lines that are not blank. Raises Problem 413."""
    lines = [line[0] for line in islice(_LINE.finditer(text), MOST + 1)]
    if len(lines) > MOST:
        raise _too_many()
    return lines


def jobs_of(text: bytes) -> list[bytes]:
    """The jobs of an array, or of ``{"jobs": [...]}``. Raises Problem 400, 413 or 422."""
    head = _HEAD.match(text)
    _check_count(text, head or _OPENS.match(text), is_object=head is not None)
    try:
        jobs = _array.decode(text) if head is None else _object.decode(text)["jobs"]
    except msgspec.ValidationError as error:
        detail = 'the body has to be an array of jobs, or {"jobs": [...]}'
        raise Problem(422, detail, pointer="") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"the body is not valid JSON: {error}") from error
    if len(jobs) > MOST:
        raise _too_many()
    items = [bytes(job) for job in jobs]
    if head and not _is_all(text, head.end(), items):
        raise _more_in_it()
    return items


def _check_count(text: bytes, opening: re.Match[bytes] | None, *, is_object: bool) -> None:
    """Raises Problem 413 for too many items; 400 or 422 for a text that would hide some."""
    if opening is None or text.count(b",") < MOST:
        return
    at, match = opening.end(), _item().match
    for _ in range(MOST + 1):
        if (item := match(text, at)) is None:
            break
        at = item.end()
    else:
        raise _too_many()
    if not text.startswith(b"]", at):
        raise Problem(400, "the body is not valid JSON, or a job in it is nested too deeply")
    if is_object and not _TAIL.fullmatch(text, at):
        raise _more_in_it()


@cache
def _item() -> re.Pattern[bytes]:
    """One item of an array, with the comma behind it; never looked at twice, whatever is in it."""
    plain = rb'[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"'
    inside = rb"(?:%s)*+" % plain
    for _ in range(_DEEPEST):
        inside = rb"(?:%s|[\[{]%s[\]}])*+" % (plain, inside)
    return re.compile(rb"(?:%s|[\[{]%s[\]}])++,?" % (plain.replace(b"{}]", b"{},]"), inside), re.DOTALL)


def _is_all(text: bytes, at: int, lines: Sequence[bytes]) -> bool:
    """Whether these, behind the head, are the whole text."""
    for line in lines:
        between = _BETWEEN.match(text, at)
        at = between.end() if between else at
        if not text.startswith(line, at):
            return False
        at += len(line)
    return _TAIL.fullmatch(text, at) is not None


def _too_many() -> Problem:
    return Problem(413, f"more than {MOST} jobs in one request; {MOST} is the limit")


def _more_in_it() -> Problem:
    return Problem(422, 'there is more than "jobs" in the body, or there is more than one of it', pointer="")
