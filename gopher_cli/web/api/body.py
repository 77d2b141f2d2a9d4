"""Reading the body of a request: JSON, 1 MB, in time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from gopher_cli.web.problems import Problem

MAX_BODY = 1024 * 1024
# What was not read must not be taken for the next request.
_HANG_UP = {"Connection": "close"}


async def read_json(request: Request, *, seconds: float) -> bytes:
    """The body. Raises Problem 408, 413 or 415, as soon as the reason is known."""
    _check_kind(request)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > MAX_BODY:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    raise _too_large()
    except TimeoutError:
        raise Problem(408, f"the body did not arrive in {seconds:g}s", headers=_HANG_UP) from None
    return bytes(body)


def _check_kind(request: Request) -> None:
    # Also what keeps other web pages out: a browser asks first before it sends this type.
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Problem(
            415,
            f"the body has to be application/json, and this is {kind[:80] or 'without a type'}",
            hint="curl -H 'Content-Type: application/json' ...",
            headers=_HANG_UP,
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "the body must not be compressed", headers=_HANG_UP)


def _too_large() -> Problem:
    return Problem(
        413,
        "the body is larger than 1 MB, and 1 MB is the limit",
        hint="store the data elsewhere and send its address",
        headers=_HANG_UP,
        max_body_size=MAX_BODY,
    )
