"""How safe a submit must be before it counts as accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Durability:
    """``memory``: Redis has it; ``fsync``: it is on Redis's disk; ``replica``: so many replicas have it."""

    level: str
    replicas: int = 0

    def __str__(self) -> str:
        return f"{self.level}:{self.replicas}" if self.replicas else self.level


MEMORY, FSYNC = Durability("memory"), Durability("fsync")


@cache
def parse_durability(text: str) -> Durability:
    """``memory``, ``fsync``, ``replica`` (one) or ``replica:2``. Raises ValueError."""
    word = text.strip().lower()
    if word in ("", "memory"):
        return MEMORY
    if word == "fsync":
        return FSYNC
    if match := re.fullmatch(r"replicas?(?::([1-9]))?", word):
        return Durability("replica", int(match[1] or 1))
    raise ValueError(f"{text!r} is not a durability: memory, fsync or replica:N (N from 1 to 9)")
