"""Numbers and moments as people say them, at a terminal and on a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from gopher_cli.model.text.duration import format_duration, rfc3339

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def ago(then: int, now: int) -> str:
    """``3m ago`` or ``in 2h``, both in epoch ms; a dash for never."""
    if not then:
        return "-"
    seconds = (now - then) / 1000
    if abs(seconds) < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def span(seconds: float | None) -> str:
    """A duration for a table: whole seconds below a minute, no more than two units."""
    if seconds is None:
        return "-"
    return format_duration(float(int(seconds)) if seconds >= 10 else seconds)


def took(seconds: float | None) -> str:
    """A measured time, three digits at most: ``1.2ms``, ``350ms``, ``2.5s``."""
    return "-" if seconds is None else format_duration(float(f"{seconds:.2g}"))


def when(ms: int) -> str:
    """For programs: RFC 3339, or nothing for never."""
    return rfc3339(ms) if ms else ""


def moment(ms: int) -> str | None:
    """The same; None for never, and for a time that no calendar has: a stored number may be anything."""
    try:
        return rfc3339(ms) if ms else None
    except (ValueError, OverflowError, OSError):
        return None


def size(count: float) -> str:
    """Bytes as ``1.5 MB``."""
    for unit in ("B", "KB", "MB", "GB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TB"


def number(count: int) -> str:
    """Thousands apart: 12 345."""
    return f"{count:,}".replace(",", " ")


def plural(count: int, word: str) -> str:
    return f"{number(count)} {word}" if count == 1 else f"{number(count)} {word}s"


def and_list(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``. At least one."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def clock(minutes: int) -> str:
    """A minute of the day as 09:05."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def rate(per_second: float) -> str:
    """As many as one can grasp: 12.5/s, 0.2/s as 12/min, 0.001/s as 3.6/h."""
    if per_second == 0:
        return "0/s"
    if per_second < 0.5:
        by_minute = per_second * 60
        return f"{by_minute:.2g}/min" if by_minute >= 1 else f"{by_minute * 60:.2g}/h"
    return f"{per_second:.3g}/s" if per_second < 1000 else f"{number(round(per_second))}/s"


def percent(share: float | None) -> str:
    if share is None:
        return "-"
    # 99.96 % is not 100 %: only all of all is.
    return "100%" if share == 1 else f"{min(share * 100, 99.9):.1f}%"


def log_text(line: str) -> str:
    """A stored line of a job's log, which begins with epoch ms, as it is told: that in RFC 3339."""
    stamp, blank, words = line.partition(" ")
    is_time = len(stamp) == 13 and stamp.isascii() and stamp.isdecimal()
    return f"{rfc3339(int(stamp)) if is_time else stamp}{blank}{words}"


def log_line(line: str) -> tuple[int, str]:
    """The moment (epoch ms, 0 where there is none) and the words of a line of a job's log as it is told."""
    stamp, _, words = line.partition(" ")
    return (ms_of(stamp), words) if _STAMP.fullmatch(stamp) else (0, line)


def ms_of(text: str | None) -> int:
    """RFC 3339 as epoch ms; never is 0. Raises ValueError."""
    return round(datetime.fromisoformat(text).timestamp() * 1000) if text else 0


def short_id(id: str) -> str:
    """The end of an id: ids of one moment start alike, and end at random."""
    return id[-12:] if len(id) == 36 and id[14:15] == "7" else id
