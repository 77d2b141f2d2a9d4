"""Rates as people write them: ``100/s``, ``600/m``, ``1000/h``, ``0.5/s``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import gcd

EXAMPLES = "100/s, 600/m or 1000/h"
_FORM = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,18}))?(?:/(s|m|min|h))?")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds."""

    count: int
    seconds: int

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


def parse_rate(text: str) -> Rate:
    """A bare number is one a second; ``0.5/s`` is one in two seconds. Raises ValueError."""
    match = _FORM.fullmatch(text.strip())
    behind = match[2] or "" if match else ""
    count = int(match[1] + behind) if match else 0
    if not match or not count:
        raise ValueError(f"{text[:80]!r} is no rate: write {EXAMPLES}")
    whole = 10 ** len(behind)
    shared = gcd(count, whole)
    return Rate(count // shared, whole // shared * _SECONDS[match[3] or "s"])
