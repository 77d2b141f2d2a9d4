"""What only a terminal needs of words: styles and bars. The words are in `model/text/humanize.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gopher_cli.model.text.humanize import (
    ago,
    log_line,
    number,
    percent,
    plural,
    rate,
    short_id,
    size,
    span,
    took,
    when,
)
from gopher_cli.model.text.safe import safe

__all__ = [
    "BARS",
    "STATE_STYLES",
    "ago",
    "log_line",
    "number",
    "percent",
    "plural",
    "ranges",
    "rate",
    "short_id",
    "size",
    "span",
    "sparkline",
    "style_of",
    "took",
    "types_of",
    "when",
]

_NAMED = 5  # types in a line
_RANGES = 20  # of numbers

STATE_STYLES = {
    "enqueued": "cyan", "scheduled": "blue", "blocked": "blue", "processing": "yellow",
    "retrying": "magenta", "completed": "green", "failed": "red", "cancelled": "dim",
}  # fmt: skip


def style_of(state: str) -> str:
    return STATE_STYLES.get(state, "")


BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: list[int], *, room: int = 60) -> str:
    """The last ``room`` values as bars; nothing is a space on the floor."""
    shown = values[-room:] if room else values
    top = max(shown, default=0)
    if not top:
        return "▁" * len(shown)
    return "".join(BARS[0] if not v else BARS[max(1, round(v / top * 7))] for v in shown)


def types_of(jobs: Mapping[str, int]) -> str:
    """How many jobs of which type, the most first: ``mail 3, report 1``; empty where there are none."""
    ordered = sorted(jobs.items(), key=lambda pair: (-pair[1], pair[0]))
    more = [f"{len(ordered) - _NAMED} more types"] if len(ordered) > _NAMED else []
    return ", ".join([f"{safe(type)} {count}" for type, count in ordered[:_NAMED]] + more)


def ranges(numbers: Sequence[int]) -> str:
    """Whole numbers in their order, shortly: ``1-4, 6, 9-12``; of very many the first."""
    ranges: list[list[int]] = []
    for n in sorted(numbers):
        if ranges and n == ranges[-1][1] + 1:
            ranges[-1][1] = n
        else:
            ranges.append([n, n])
    parts = [str(first) if first == last else f"{first}-{last}" for first, last in ranges]
    return ", ".join(parts[:_RANGES]) + (", ..." if len(parts) > _RANGES else "")
