"""Token buckets: how often somebody may do something, counted in this process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from gopher_cli.model.text.rate import Rate

MOST = 10_000  # who has not been seen for longest is forgotten: that bucket is full again


class Buckets:
    """One bucket for each name. It holds ``rate.count`` at most, and fills up within ``rate.seconds``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, rate: Rate) -> float:
        """Take one. Returns 0.0, or the seconds until there is one: then nothing was taken."""
        level = self._level(name, rate)
        wait = 0.0 if level >= 1 else (1 - level) / rate.per_second
        self._levels[name] = (level if wait else level - 1, self._clock())
        self._levels.move_to_end(name)
        if len(self._levels) > MOST:
            self._levels.popitem(last=False)
        return wait

    def wait(self, name: str, rate: Rate) -> float:
        """The seconds until there is one; 0.0 when there is one now. Nothing is taken."""
        level = self._level(name, rate)
        return 0.0 if level >= 1 else (1 - level) / rate.per_second

    def _level(self, name: str, rate: Rate) -> float:
        level, at = self._levels.get(name, (float(rate.count), 0.0))
        return min(float(rate.count), level + (self._clock() - at) * rate.per_second)


def whole_seconds(wait: float) -> str:
    """For Retry-After, never too early."""
    return str(max(1, math.ceil(wait)))
