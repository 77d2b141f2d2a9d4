"""Histograms: what the settle script counts per minute and type, and what people want to know of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

# Upper bounds in seconds, as in store/lua/lib/histogram/histogram.lua; the last bucket is open.
BOUNDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
)  # fmt: skip
_BUCKETS = len(BOUNDS) + 1
# Where nothing failed, a cell ends before the runs that did.
_SIZES = (5 + 2 * _BUCKETS, 6 + 3 * _BUCKETS)
# How many minutes a cell of each unit spans; "t" is the total of all before, as far back as there was any.
MINUTES = {"m": 1, "f": 5, "h": 60}
_numbers = msgspec.json.Decoder(list[int]).decode
WINDOWS = {"1m": 60, "5m": 300, "1h": 3600, "24h": 86400}


@dataclass(slots=True)
class Cell:
    """Counts of ended attempts, sums in ms, histograms over BOUNDS; ``failed_run`` is a part of ``run``."""

    completed: int = 0
    retried: int = 0
    failed: int = 0
    run_ms: int = 0
    wait_ms: int = 0
    run: list[int] = field(default_factory=lambda: [0] * _BUCKETS)
    wait: list[int] = field(default_factory=lambda: [0] * _BUCKETS)
    failed_run_ms: int = 0
    failed_run: list[int] = field(default_factory=lambda: [0] * _BUCKETS)

    @classmethod
    def read(cls, text: bytes) -> Cell:
        """An empty cell for a text that cannot be read."""
        try:  # as JSON, because that reader is in C: a picture of everything has thousands of cells
            numbers = _numbers(b"[" + text + b"]")
        except msgspec.DecodeError:
            return cls()
        if len(numbers) not in _SIZES or min(numbers) < 0:
            return cls()
        numbers += [0] * (_SIZES[1] - len(numbers))
        completed, retried, failed, run_ms, wait_ms = numbers[:5]
        run, wait = numbers[5 : 5 + _BUCKETS], numbers[5 + _BUCKETS : _SIZES[0]]
        failed_run_ms, *failed_run = numbers[_SIZES[0] :]
        return cls(completed, retried, failed, run_ms, wait_ms, run, wait, failed_run_ms, failed_run)

    def add(self, other: Cell) -> None:
        self.completed += other.completed
        self.retried += other.retried
        self.failed += other.failed
        self.run_ms += other.run_ms
        self.wait_ms += other.wait_ms
        self.run = [a + b for a, b in zip(self.run, other.run, strict=True)]
        self.wait = [a + b for a, b in zip(self.wait, other.wait, strict=True)]
        if other.retried or other.failed:
            self.failed_run_ms += other.failed_run_ms
            self.failed_run = [a + b for a, b in zip(self.failed_run, other.failed_run, strict=True)]

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


def placed(name: str) -> tuple[str, int, str]:
    """(unit, when, type) of a cell's name: m, f or h, and how many of them since the epoch; or t, and 0.

    The unit is empty for what is no name of a cell.
    """
    unit_at, semicolon, type = name.partition(";")
    unit, at = unit_at[:1], unit_at[1:]
    known = semicolon and (unit in MINUTES or unit == "t") and at.isdecimal() and len(at) < 16
    return (unit, int(at), type) if known else ("", 0, type)


def window(cells: Mapping[str, bytes], now_ms: int, seconds: int) -> dict[str, Cell]:
    """Per type, what the last ``seconds`` held and the minute that is still running.

    Long windows reach into whole hours. See window_length for how long it really is.
    """
    first = now_ms // 60000 - seconds // 60
    by_type: dict[str, Cell] = {}
    for name, text in cells.items():
        unit, at, type = placed(name)
        fits = unit == "m" or (unit in MINUTES and seconds > 3600)
        if fits and at >= first // MINUTES[unit]:
            by_type.setdefault(type, Cell()).add(Cell.read(text))
    return by_type


def totals(all_cells: Iterable[Mapping[str, bytes]]) -> dict[str, Cell]:
    """Per type, all that was ever counted: it only grows, however old cells are folded together."""
    by_type: dict[str, Cell] = {}
    for cells in all_cells:
        for name, text in cells.items():
            unit, _, type = placed(name)
            if unit:
                by_type.setdefault(type, Cell()).add(Cell.read(text))
    return by_type


def window_length(now_ms: int, seconds: int) -> float:
    """Seconds that a window spans together with the minute that is still running."""
    return seconds + now_ms % 60000 / 1000


def per_minute(cells: Iterable[Mapping[str, bytes]], now_ms: int, minutes: int) -> list[int]:
    """Ended attempts in each of the last minutes, oldest first: a sparkline's values."""
    minute, counts = now_ms // 60000, [0] * minutes
    for cell in cells:
        for name, text in cell.items():
            unit, at, _ = placed(name)
            age = minute - at
            if unit == "m" and 0 <= age < minutes:
                counts[minutes - 1 - age] += Cell.read(text).attempts
    return counts
