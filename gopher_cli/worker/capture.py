"""print() and stderr of handlers become lines of their job's log; all else passes through."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TextIO

from gopher_cli.worker.run import Run, here


class Captured:
    """Stands where sys.stdout stood. Text that a handler writes goes to ``keep``."""

    def __init__(self, stream: TextIO, keep: Callable[[Run, str], None]) -> None:
        self._stream = stream
        self._keep = keep

    def write(self, text: str) -> int:
        place = here.get()
        if place is None or place.run is None:
            return self._stream.write(text)
        if text.strip("\n"):
            self._keep(place.run, text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def capture(keep: Callable[[Run, str], None]) -> None:
    """For the rest of this process's life."""
    sys.stdout = Captured(sys.stdout, keep)
    sys.stderr = Captured(sys.stderr, keep)
