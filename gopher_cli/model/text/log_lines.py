"""What is new in a log that grows, and loses lines in its middle when it grows too long."""

from __future__ import annotations


def new_lines(seen: list[str], now: list[str]) -> list[str]:
    """What was added to a log, of which lines in the middle may have been dropped meanwhile."""
    same = next(
        (n for n, (a, b) in enumerate(zip(seen, now, strict=False)) if a != b), min(len(seen), len(now))
    )
    seen, now = seen[same:], now[same:]
    for start in range(1, len(seen)):  # after the line that counts what was dropped, the last lines seen
        tail = seen[start:]
        if now[1 : 1 + len(tail)] == tail:
            return now[1 + len(tail) :]
    return now
