"""What a client would rather have: Accept and Accept-Encoding, with their q (RFC 9110, 12.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from starlette.datastructures import Headers

_Q = re.compile(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)
GZIP = ("gzip", "x-gzip", "*")


def accepts_gzip(headers: Headers) -> bool:
    """Whether the client can read it, and would not rather have the bare bytes."""
    given = _read(headers, "accept-encoding")
    return 0 < _first(given, GZIP) >= given.get("identity", 0.0)


def prefers(headers: Headers, kinds: Iterable[str], *others: str) -> bool:
    """Whether Accept names one of these media types, and likes none of the others better (also by ``*``)."""
    given = _read(headers, "accept")
    weight = max(given.get(kind, 0.0) for kind in kinds)
    return weight > 0 and all(weight >= _first(given, (other, _range_of(other), "*/*")) for other in others)


def _first(given: Mapping[str, float], names: Iterable[str]) -> float:
    """How much the first of these that is given is wanted, 0 to 1; what is not given is not wanted."""
    return next((given[name] for name in names if name in given), 0.0)


def _range_of(kind: str) -> str:
    return f"{kind.partition('/')[0]}/*"


def _read(headers: Headers, header: str) -> dict[str, float]:
    """By name; of one that comes again, with other parameters, the best."""
    weights: dict[str, float] = {}
    for part in ",".join(headers.getlist(header)).lower().split(","):
        name, *parameters = part.split(";")
        qs = [match[1] for parameter in parameters if (match := _Q.fullmatch(parameter))]
        name = name.strip()
        if name:
            weights[name] = max(weights.get(name, 0.0), float(qs[-1]) if qs else 1.0)
    return weights
