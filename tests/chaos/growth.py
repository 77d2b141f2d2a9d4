"""Whether processes grow: their resident memory, looked at now and then, and the slope of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

_LEAST = 120  # looks, before a slope means anything
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Growth:
    def __init__(self) -> None:
        self._seen: dict[int, list[tuple[float, float]]] = {}

    def look(self, pids: Iterable[int]) -> None:
        for pid in pids:
            try:
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except (OSError, IndexError):
                continue
            self._seen.setdefault(pid, []).append((time.monotonic() / 3600, pages * _PAGE / 1e6))

    def slope(self) -> float | None:
        """MB an hour of the process that grows fastest; the first third of its life is not looked at."""
        slopes = [_slope(seen[len(seen) // 3 :]) for seen in self._seen.values() if len(seen) >= _LEAST]
        return max(slopes, default=None)


def _slope(seen: list[tuple[float, float]]) -> float:
    """Least squares."""
    n = len(seen)
    mean_x, mean_y = sum(x for x, _ in seen) / n, sum(y for _, y in seen) / n
    spread = sum((x - mean_x) ** 2 for x, _ in seen)
    return sum((x - mean_x) * (y - mean_y) for x, y in seen) / spread if spread else 0.0
