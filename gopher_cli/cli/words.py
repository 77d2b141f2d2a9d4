"""What only a terminal needs of words: styles and bars. The words themselves are in `model/words.py`."""

from __future__ import annotations

from gopher_cli.model.words import (
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

__all__ = [
    "BARS",
    "STATE_STYLES",
    "ago",
    "log_line",
    "number",
    "percent",
    "plural",
    "rate",
    "short_id",
    "size",
    "span",
    "sparkline",
    "style_of",
    "took",
    "when",
]

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
