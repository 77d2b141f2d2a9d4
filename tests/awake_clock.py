"""How long something took while this machine was awake: a clock for what must be done soon.

The machine of a test may stand still for seconds, with all that runs on it. Nothing is late by that.
"""

from __future__ import annotations

import threading
from math import inf
from time import monotonic, sleep

_TICK = 0.02  # seconds between two looks
_BLINK = 0.1  # who looks again only after this has stood still


class _Ticker:
    """Looks at the clock all the time. ``stood``: from when to when it could not."""

    def __init__(self) -> None:
        self.stood: list[tuple[float, float]] = []
        self._last = 0.0
        self._turn = threading.Lock()

    def look(self) -> float:
        with self._turn:
            now = monotonic()
            if not self._last:
                threading.Thread(target=self._run, daemon=True).start()
            elif now - self._last > _BLINK:
                self.stood.append((self._last + _TICK, now))
            self._last = now
            return now

    def _run(self) -> None:
        while True:
            sleep(_TICK)
            self.look()


_ticker = _Ticker()


def clock() -> float:
    """The monotonic clock. From the first look at it, standstills are kept."""
    return _ticker.look()


def stood_still(began: float, ended: float = inf) -> float:
    """For how many seconds this machine stood still between two moments; the other one is now."""
    _ticker.look()
    return sum(max(0.0, min(to, ended) - max(since, began)) for since, to in _ticker.stood)


def awake(began: float, ended: float = inf) -> float:
    """The seconds from one moment to another in which this machine did not stand still."""
    stood = stood_still(began, ended)
    return min(ended, clock()) - began - stood
