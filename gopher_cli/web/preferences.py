"""What a client would rather have: Accept and Accept-Encoding, with their q (RFC 9110, 12.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.datastructures import Headers

_Q = re.compile(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)
GZIP = ("gzip", "x-gzip", "*")


def quality(headers: Headers, name: str, kinds: Iterable[str]) -> float:
    """How much one of these is wanted, 0 to 1: the first of them that the header ``name`` has counts.

    0 where it has none of them: what nobody asks for is not wanted.
    """
    given = _read(",".join(headers.getlist(name)))
    return next((given[kind] for kind in kinds if kind in given), 0.0)


def accepts_gzip(headers: Headers) -> bool:
    return "accept-encoding" in headers and quality(headers, "accept-encoding", GZIP) > 0


def prefers(headers: Headers, kinds: Iterable[str], *others: str) -> bool:
    """Whether Accept names one of these media types, and none of the others that it likes better."""
    wanted = max(quality(headers, "accept", (kind,)) for kind in kinds)
    return wanted > 0 and all(wanted >= quality(headers, "accept", (other,)) for other in others)


def _read(text: str) -> dict[str, float]:
    """By name; of one that comes again, with other parameters, the best."""
    found: dict[str, float] = {}
    for part in text.lower().split(","):
        name, *parameters = part.split(";")
        qs = [match[1] for one in parameters if (match := _Q.fullmatch(one))]
        name = name.strip()
        if name:
            found[name] = max(found.get(name, 0.0), float(qs[-1]) if qs else 1.0)
    return found
