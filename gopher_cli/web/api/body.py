"""Reading the body of a request: JSON, not too much of it, in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request

from gopher_cli.web.problems import Problem

MAX_BODY = 1024 * 1024
_NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
# What was not read must not be taken for the next request.
_HANG_UP = {"Connection": "close"}


async def read_json(request: Request, *, seconds: float) -> bytes:
    """The body. Raises Problem 408, 413 or 415, as soon as the reason is known."""
    check_kind(request)
    return await read(request, seconds=seconds, most=lambda _: MAX_BODY)


async def read(request: Request, *, seconds: float, most: Callable[[bytes], int]) -> bytes:
    """The body, counted while it comes; ``most`` hears its beginning and says how long it may be.

    Raises Problem 408 or 413.
    """
    declared = request.headers.get("content-length", "")
    length = int(declared[:20]) if declared.isdecimal() else 0
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, length, most)
    except TimeoutError:
        raise Problem(408, f"the body did not arrive in {seconds:g}s", headers=_HANG_UP) from None


async def _read(request: Request, length: int, most: Callable[[bytes], int]) -> bytes:
    body, more = b"", True
    gathered = bytearray()
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body, more = message.get("body", b""), message.get("more_body", False)
        gathered += body
        limit = most(bytes(gathered[:64]))
        if length > limit or len(gathered) > limit:
            raise too_large(limit)
    return bytes(gathered)


def check_kind(request: Request, *, lines: bool = False) -> bool:
    """Whether the body is NDJSON, where ``lines`` may be. Raises Problem 415."""
    # Also what keeps other web pages out: a browser asks first before it sends this type.
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_lines = lines and kind in _NDJSON
    if kind != "application/json" and not kind.endswith("+json") and not is_lines:
        wanted = "application/json or application/x-ndjson" if lines else "application/json"
        raise Problem(
            415,
            f"the body has to be {wanted}, and this is {kind[:80] or 'without a type'}",
            hint="curl -H 'Content-Type: application/json' ...",
            headers=_HANG_UP,
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "the body must not be compressed", headers=_HANG_UP)
    return is_lines


def wants_lines(request: Request) -> bool:
    """Whether the client asks for NDJSON."""
    return any(kind in request.headers.get("accept", "") for kind in _NDJSON)


def too_large(limit: int) -> Problem:
    size = f"{limit / 1024 / 1024:g} MB"
    return Problem(
        413,
        f"the body is larger than {size}, and {size} is the limit",
        hint="store the data elsewhere and send its address",
        headers=_HANG_UP,
        max_body_size=limit,
    )
