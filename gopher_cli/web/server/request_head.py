"""The head of a request: one that is endless, or that leaves open where its body ends, is refused."""

from __future__ import annotations

from starlette.types import Scope

from gopher_cli.web.server.problems import Problem

MOST_HEADERS, MOST_HEAD = 100, 16 * 1024
_LENGTHS = (b"content-length", b"transfer-encoding")


async def too_long(scope: Scope) -> Problem | None:
    headers = scope["headers"]
    if len(headers) <= MOST_HEADERS and sum(len(name) + len(value) for name, value in headers) <= MOST_HEAD:
        return None
    limit = f"{MOST_HEADERS} headers and {MOST_HEAD // 1024} KB of them are the limit"
    return Problem(431, f"the head of this request is too long: {limit}", headers={"Connection": "close"})


async def unclear(scope: Scope) -> Problem | None:
    """Refuses what a proxy before us could have read in another way than we do.

    Between two readings of one length there is room for a request that nobody but us has seen.
    """
    lengths = [pair for pair in scope["headers"] if pair[0] in _LENGTHS]
    if not lengths or (len(lengths) == 1 and _is_clear(*lengths[0])):
        return None
    return Problem(
        400,
        "it is not clear where this request ends",
        hint="send one Content-Length, or Transfer-Encoding: chunked",
        headers={"Connection": "close"},
    )


def _is_clear(name: bytes, value: bytes) -> bool:
    if name == b"transfer-encoding":
        return value.strip().lower() == b"chunked"
    return value.isdigit()
