"""Durations and moments as people write them: ``1m30s``, ``500ms``, ``2d``; RFC 3339; epoch seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_SECONDS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3,
    "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0,
}  # fmt: skip
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d|w)")
_2001, _FAR = 978_307_200.0, 1e11  # seconds since 1970: fewer are not a moment that anybody means
_DIGITS = 40
_LONGEST = 100 * 365 * 86400.0


def parse_duration(text: str) -> float:
    """Seconds. Takes Go's form (``1m30s``), days and weeks, or a bare number of seconds.

    Raises ValueError when the text is not a duration, is negative, or exceeds a hundred years.
    """
    text = text.strip()
    shown = text if len(text) <= 60 else text[:57] + "..."
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        seconds = float(text)
    else:
        parts = _PART.findall(text)
        if not parts or "".join(n + unit for n, unit in parts) != text:
            raise ValueError(f"{shown!r} is not a duration: write 30s, 5m, 1h30m, 2d or 500ms")
        seconds = sum(float(n) * _SECONDS[unit] for n, unit in parts)
    if seconds > _LONGEST:
        raise ValueError(f"{shown!r} is longer than a hundred years")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest honest form, two units at most: ``1h5m``, ``2.5s``, ``12ms``, ``40µs``."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if seconds == 0:
        return "0s"
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f}µs"
    if seconds < 1:
        return f"{seconds * 1000:.3g}ms" if seconds < 0.9995 else "1s"
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    whole, parts = round(seconds), []
    for name, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, whole = divmod(whole, size)
        parts.append(f"{count}{name}" if count else "")
    first = next(i for i, part in enumerate(parts) if part)
    return "".join(parts[first : first + 2])


def exact_duration(seconds: float) -> str:
    """As people write it, where that says all of it."""
    written = format_duration(seconds)
    return written if parse_duration(written) == seconds else f"{seconds}s"


def parse_when(text: str) -> float:
    """Seconds since the epoch, from RFC 3339 (no zone means UTC) or a number of seconds since 2001.

    Eight digits are a date. A time before 1970 is 0. Raises ValueError for anything else: a year, a
    date in another form, or milliseconds would be some other moment than the one that was meant.
    """
    text = text.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) and not re.fullmatch(r"[0-9]{8}", text):
        if len(text) <= _DIGITS and _2001 <= float(text) < _FAR:
            return float(text)
        raise _not_a_time(text)
    try:
        moment = datetime.fromisoformat(text)
        return max((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), 0.0)
    except (ValueError, OverflowError):
        raise _not_a_time(text) from None


def _not_a_time(text: str) -> ValueError:
    shown = text if len(text) <= 60 else text[:57] + "..."
    return ValueError(f"{shown!r} is not a time: write 2025-10-01T10:00:00Z, or seconds since 1970")


def rfc3339(ms: int) -> str:
    """Milliseconds since the epoch as ``2025-10-01T10:00:00.000Z``."""
    second, rest = divmod(ms, 1000)
    return f"{_second(second)}.{rest:03d}Z"


# Asked for each job that is submitted: mostly of the same second.
@lru_cache(maxsize=64)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat(timespec="seconds").replace("+00:00", "")
