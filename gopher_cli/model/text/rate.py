"""Rates as people write them: ``100/s``, ``600/m``, ``1000/h``, ``0.5/s``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import gcd

EXAMPLES = "100/s, 600/m or 1000/h"
MOST_JOBS = 1_000_000  # a second: nobody needs to slow down to that
_MOST = 999_999_999
_FORM = re.compile(r"([0-9]{1,40})(?:\.([0-9]{1,18}))?(?:/(s|m|min|h))?")
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
        raise ValueError(f"{text[:80]!r} is not a rate: write {EXAMPLES}")
    if int(match[1]) > _MOST:
        raise ValueError(f"{text[:80]!r} is too fast: {_MOST}/s is the most")
    whole = 10 ** len(behind)
    shared = gcd(count, whole)
    return Rate(count // shared, whole // shared * _SECONDS[match[3] or "s"])


def parse_pace(text: str) -> float:
    """How many jobs a second at most. Raises ValueError; also for a rate at which no job would come."""
    match = _FORM.fullmatch(text.strip())
    if match and not int(match[1] + (match[2] or "")):
        raise ValueError("0 a second would never end")
    pace = parse_rate(text).per_second
    if pace > MOST_JOBS:
        raise ValueError(f"{text[:80]!r} is too fast: {MOST_JOBS}/s is the most")
    return pace
