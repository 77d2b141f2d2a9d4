"""How long a failed job waits before it runs again: pure, with the randomness passed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import inf, ldexp, pow

from gopher_cli.model.text.duration import parse_duration

DEFAULT = "exp:5s"
_LONGEST = 60  # characters
_MANY = 1_000_000  # failures: to the power of ten it is far from what a float holds


@dataclass(frozen=True, slots=True)
class Backoff:
    """``kind:base[:cap][:nojitter]``. With n = failed attempts so far, the wait in seconds is

    * ``exp:5s``    2ⁿ · 5 s, the default
    * ``poly:2``    n² s
    * ``fixed:10s`` 10 s

    stretched by up to 15 % so that a crowd spreads out, and never more than the cap. Without one of its own
    it is 1 h, or the base where that is longer; what is fixed has none, and waits what it says.
    """

    kind: str
    base: float
    cap: float = 3600.0
    jitter: bool = True

    def delay(self, failures: int, chance: float) -> float:
        """Seconds to wait after the n-th failure; ``chance`` in [0, 1) is the jitter's dice."""
        wait = self._wait(failures)
        if self.jitter:
            wait *= 1 + 0.15 * chance
        return min(wait, self.cap)

    def _wait(self, failures: int) -> float:
        match self.kind:
            case "fixed":
                return self.base
            case "exp":
                return ldexp(self.base, min(failures, 64))
        return pow(float(min(failures, _MANY)), self.base)


@lru_cache(maxsize=1024)
def parse_backoff(text: str) -> Backoff:
    """Raises ValueError when the text is no back-off."""
    kind, *parts = text.split(":")
    if len(text) > _LONGEST or kind not in ("exp", "poly", "fixed") or not parts or len(parts) > 3:
        raise _wrong(text)
    jitter = not (parts[-1] == "nojitter" and bool(parts.pop()))
    if not parts or len(parts) > 2:
        raise _wrong(text)
    cap = parse_duration(parts[1]) if len(parts) == 2 else None
    if kind != "poly":
        base = parse_duration(parts[0])
        usual = max(3600.0, base) if kind == "exp" else inf
        return Backoff(kind, base, usual if cap is None else cap, jitter)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", parts[0]) or float(parts[0]) > 10:
        raise ValueError(f"{text!r}: poly takes an exponent from 0 to 10")
    return Backoff(kind, float(parts[0]), 3600.0 if cap is None else cap, jitter)


def backoff_or_default(text: str) -> Backoff:
    """A stored back-off that cannot be read, as no door lets it in, is not the end of its job."""
    try:
        return parse_backoff(text)
    except ValueError:
        return parse_backoff(DEFAULT)


def _wrong(text: str) -> ValueError:
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return ValueError(f"{shown!r} is not a back-off: write exp:5s, poly:2 or fixed:10s")
