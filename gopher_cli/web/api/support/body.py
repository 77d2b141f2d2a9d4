"""Reading the body of a request: JSON, not too much of it, in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import ClientDisconnect, Request

from gopher_cli.model.text.json_text import pointer_to
from gopher_cli.web.server.accept import prefers
from gopher_cli.web.server.problems import FILL, Problem

MAX_BODY = 1024 * 1024
_START = 64  # bytes that tell what kind of body it is
_NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")


async def read_json(request: Request) -> bytes:
    """The body. Raises Problem 413 or 415, as soon as the reason is known."""
    check_kind(request)
    return await read(request, lambda _: MAX_BODY)


async def read(request: Request, most: Callable[[bytes], int]) -> bytes:
    """The body, counted while it comes; ``most`` hears its beginning and says how long it may be.

    How long it may take is the clock's to say. Raises Problem 413.
    """
    declared = request.headers.get("content-length", "")
    length = int(declared[:20]) if declared.isdecimal() else 0
    pieces: list[bytes] = []
    start, size, more = b"", 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body, more = message.get("body", b""), message.get("more_body", False)
        pieces.append(body)
        size += len(body)
        if len(start) < _START:
            start = (start + body)[:_START]
        limit = most(start)
        if length > limit or size > limit:
            raise too_large(limit)
    return b"".join(pieces)


def check_kind(request: Request, *, lines: bool = False) -> bool:
    """Whether the body is NDJSON, where ``lines`` may be. Raises Problem 415."""
    # Also what keeps other web pages out: a browser asks first before it sends this type.
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_lines = lines and kind in _NDJSON
    if kind != "application/json" and not kind.endswith("+json") and not is_lines:
        kinds = "application/json or application/x-ndjson" if lines else "application/json"
        raise Problem(
            415,
            f"the body has to be {kinds}, and this is {kind[:80] or 'without a type'}",
            hint="curl -H 'Content-Type: application/json' ...",
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "the body must not be compressed")
    return is_lines


def wants_lines(request: Request) -> bool:
    """Whether the client asks for NDJSON."""
    return prefers(request.headers, _NDJSON, "application/json")


def check_filled(value: Any, *, but: Sequence[str] = ()) -> None:
    """Raises Problem 422 for a field that is given but empty: in a script, a variable that was not set must
    not mean everything. null is not given."""
    for name, given in value.items() if isinstance(value, dict) else ():
        is_empty = not given.strip() if isinstance(given, str) else given in ([], {})
        if is_empty and name not in but:
            raise Problem(422, f"{name[:64]} is empty", hint=FILL, pointer=pointer_to(name))


def too_large(limit: int) -> Problem:
    size = f"{limit / 1024 / 1024:g} MB"
    return Problem(
        413,
        f"the body is larger than {size}, and {size} is the limit",
        hint="store the data elsewhere and send its address",
        max_body_size=limit,
    )
