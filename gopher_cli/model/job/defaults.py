"""What a job gets where its submitter says nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TypedDict, Unpack


class _Given(TypedDict, total=False):
    queue: str
    max_retries: int
    timeout: float
    backoff: str
    retention: float
    max_losses: int
    lease: float
    durability: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class Defaults:
    """Seconds throughout. ``said`` are the names of those that somebody has set, whatever their value is."""

    queue: str = "default"
    max_retries: int = 3
    timeout: float = 300.0
    backoff: str = "exp:5s"
    retention: float = 86400.0
    max_losses: int = 3
    lease: float = 15.0
    durability: str = "memory"
    timezone: str = "UTC"  # of cron expressions
    said: frozenset[str] = field(default=frozenset(), compare=False)

    def __init__(self, **given: Unpack[_Given]) -> None:
        known: dict[str, object] = {row.name: row.default for row in fields(self)}
        if unknown := given.keys() - known.keys() | given.keys() & {"said"}:
            raise TypeError(f"there is no default for {', '.join(sorted(unknown))}")
        for name, value in (known | given | {"said": frozenset(given)}).items():
            object.__setattr__(self, name, value)


def last_chance(max_losses: int) -> int:
    """How many losses a job has of which one more would be its end."""
    return max(1, max_losses - 1)
