"""Histograms: what the settle script counts per minute and type, and what people want to know of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Upper bounds in seconds, as in store/lua/lib/cells.lua; the last bucket is open.
BOUNDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
)  # fmt: skip
_BUCKETS = len(BOUNDS) + 1
_SIZE = 5 + 2 * _BUCKETS
WINDOWS = {"1m": 60, "5m": 300, "1h": 3600, "24h": 86400}


@dataclass(slots=True)
class Cell:
    """Counts of ended attempts, sums in ms, and two histograms over BOUNDS."""

    completed: int = 0
    retried: int = 0
    failed: int = 0
    run_ms: int = 0
    wait_ms: int = 0
    run: list[int] = field(default_factory=lambda: [0] * _BUCKETS)
    wait: list[int] = field(default_factory=lambda: [0] * _BUCKETS)

    @classmethod
    def read(cls, text: bytes | str) -> Cell:
        """An empty cell for a text that cannot be read."""
        parts = (text.decode("ascii", "replace") if isinstance(text, bytes) else text).split(",")
        if len(parts) != _SIZE or not all(part.isdecimal() for part in parts):
            return cls()
        numbers = [int(part) for part in parts]
        completed, retried, failed, run_ms, wait_ms = numbers[:5]
        run, wait = numbers[5 : 5 + _BUCKETS], numbers[5 + _BUCKETS :]
        return cls(completed, retried, failed, run_ms, wait_ms, run, wait)

    def add(self, other: Cell) -> None:
        self.completed += other.completed
        self.retried += other.retried
        self.failed += other.failed
        self.run_ms += other.run_ms
        self.wait_ms += other.wait_ms
        self.run = [a + b for a, b in zip(self.run, other.run, strict=True)]
        self.wait = [a + b for a, b in zip(self.wait, other.wait, strict=True)]

    @property
    def attempts(self) -> int:
        return self.completed + self.retried + self.failed

    @property
    def success_rate(self) -> float | None:
        """Completed attempts of all that ended; None when none did."""
        return self.completed / self.attempts if self.attempts else None


def percentile(histogram: list[int], share: float) -> float | None:
    """Seconds below which this share of the values lies; None when there are none.

    Inside a bucket it goes by the logarithm, because the bounds do: the error is below a bucket.
    """
    total = sum(histogram)
    if not total:
        return None
    rank, seen = share * total, 0.0
    for index, count in enumerate(histogram):
        if count and seen + count >= rank:
            upper = BOUNDS[index] if index < len(BOUNDS) else BOUNDS[-1] * 2
            lower = BOUNDS[index - 1] if index else upper / 2.5
            return math.exp(math.log(lower) + (math.log(upper) - math.log(lower)) * (rank - seen) / count)
        seen += count
    return BOUNDS[-1] * 2


def window(cells: Mapping[str, bytes], now_ms: int, seconds: int) -> dict[str, Cell]:
    """Per type, what the last ``seconds`` held and the minute that is still running.

    Long windows reach into whole hours. See window_length for how long it really is.
    """
    minute = now_ms // 60000
    first_minute, first_hour = minute - seconds // 60, (minute - seconds // 60) // 60
    found: dict[str, Cell] = {}
    for name, text in cells.items():
        unit_at, _, type = name.partition(";")
        at = int(unit_at[1:]) if unit_at[1:].isdecimal() else 0
        if at >= first_minute if unit_at[0] == "m" else seconds > 3600 and at >= first_hour:
            found.setdefault(type, Cell()).add(Cell.read(text))
    return found


def window_length(now_ms: int, seconds: int) -> float:
    """Seconds that a window spans together with the minute that is still running."""
    return seconds + now_ms % 60000 / 1000


def per_minute(cells: Iterable[Mapping[str, bytes]], now_ms: int, minutes: int) -> list[int]:
    """Ended attempts in each of the last minutes, oldest first: a sparkline's values."""
    minute, counts = now_ms // 60000, [0] * minutes
    for one in cells:
        for name, text in one.items():
            unit_at = name.partition(";")[0]
            age = minute - int(unit_at[1:]) if unit_at[0] == "m" and unit_at[1:].isdecimal() else minutes
            if 0 <= age < minutes:
                counts[minutes - 1 - age] += Cell.read(text).attempts
    return counts
