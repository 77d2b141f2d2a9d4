"""print() and stderr of handlers become lines of their job's log; all else passes through."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from gopher_cli.worker import forks
from gopher_cli.worker.execution.attempt import Attempt, here

_LONGEST = 8192


class Captured:
    """Stands where sys.stdout stood. Lines that a handler writes go to ``keep``."""

    def __init__(self, stream: TextIO, keep: Callable[[Attempt, str], None], *, forks_too: bool) -> None:
        self._stream = stream
        self._keep = keep
        self._forks_too = forks_too

    def write(self, text: str) -> int:
        place = here.get()
        if place is None or place.attempt is None or (forks.forked and not self._forks_too):
            return self._stream.write(text)
        attempt = place.attempt
        lines, newline, attempt.partial = (attempt.partial + text).rpartition("\n")
        if len(attempt.partial) > _LONGEST:
            lines, newline, attempt.partial = attempt.partial, "\n", ""
        if newline:
            self._keep(attempt, lines)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def capture(keep: Callable[[Attempt, str], None], *, forks_too: bool) -> None:
    """For the rest of this process's life. ``forks_too``: ``keep`` works in forks of it, too."""
    sys.stdout = Captured(sys.stdout, keep, forks_too=forks_too)
    sys.stderr = Captured(sys.stderr, keep, forks_too=forks_too)
