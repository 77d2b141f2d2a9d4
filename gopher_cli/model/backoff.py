"""How long a failed job waits before it runs again: pure, with the randomness passed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from gopher_cli.model.duration import parse_duration

DEFAULT = "exp:5s"


@dataclass(frozen=True, slots=True)
class Backoff:
    """``kind:base[:cap][:nojitter]``. With n = failed attempts so far, the wait in seconds is

    * ``exp:5s``    2ⁿ · 5 s, the default
    * ``poly:2``    n² s
    * ``fixed:10s`` 10 s

    never more than the cap (1 h), and stretched by up to 15 % so that a crowd spreads out.
    """

    kind: str
    base: float
    cap: float = 3600.0
    jitter: bool = True

    def delay(self, failures: int, chance: float) -> float:
        """Seconds to wait after the n-th failure; ``chance`` in [0, 1) is the jitter's dice."""
        n = min(failures, 64)
        waits: dict[str, float] = {
            "exp": 2.0**n * self.base,
            "poly": float(n) ** self.base,
            "fixed": self.base,
        }
        wait = waits[self.kind]
        if self.jitter:
            wait *= 1 + 0.15 * chance
        return min(wait, self.cap)


@cache
def parse_backoff(text: str) -> Backoff:
    """Raises ValueError when the text is no back-off."""
    kind, *parts = text.split(":")
    if kind not in ("exp", "poly", "fixed") or not parts or len(parts) > 3:
        raise ValueError(f"{text!r} is no back-off: write exp:5s, poly:2 or fixed:10s")
    jitter = not (parts[-1] == "nojitter" and bool(parts.pop()))
    if not parts or len(parts) > 2:
        raise ValueError(f"{text!r} is no back-off: write exp:5s, poly:2 or fixed:10s")
    cap = parse_duration(parts[1]) if len(parts) == 2 else 3600.0
    if kind != "poly":
        return Backoff(kind, parse_duration(parts[0]), cap, jitter)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", parts[0]) or float(parts[0]) > 10:
        raise ValueError(f"{text!r}: poly takes an exponent from 0 to 10")
    return Backoff(kind, float(parts[0]), cap, jitter)
