"""What a handler may raise to decide its own outcome."""

from __future__ import annotations


class Signal(Exception):
    """Base of the three: not errors of gopher, but words from a handler to it."""


class Retry(Signal):
    """Fail this attempt; run again after ``delay`` seconds instead of the job's back-off."""

    def __init__(self, reason: str = "", delay: float | None = None) -> None:
        super().__init__(reason)
        self.delay = delay


class Discard(Signal):
    """Fail for good: no retry can help. The job goes to the dead letter queue."""


class Snooze(Signal):
    """Not now: run again after ``seconds``, and do not count this attempt."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason)
        self.seconds = seconds
