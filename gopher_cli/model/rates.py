"""Rates as people write them: ``100/s``, ``600/m``, ``1000/h``."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
    """Raises ValueError."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})(?:/(s|m|min|h))?", text.strip())
    if not match:
        raise ValueError(f"{text[:80]!r} is no rate: write 100/s, 600/m or 1000/h")
    return Rate(int(match[1]), _SECONDS[match[2] or "s"])
