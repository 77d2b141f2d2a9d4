"""Output that is never waited for: a reader that stands still must not hold up who writes."""

from __future__ import annotations

import json
import os
import select
from typing import TextIO

_MOST = 1024 * 1024  # bytes that may wait for a slow reader


class Output:
    """What a stream does not take in time is lost, and counted; a line says so when it takes more again.

    ``plain`` writes that line as JSON, like those around it.
    """

    def __init__(self, stream: TextIO, *, plain: bool = False) -> None:
        self._fd = stream.fileno()
        self._plain = plain
        self._waiting = bytearray()
        self._lost = 0
        self._whole = True  # what was written ends with a line
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLOUT)

    def write(self, lines: bytes) -> None:
        """Whole lines."""
        if len(self._waiting) + len(lines) > _MOST:
            self._lost += lines.count(b"\n")
        else:
            self._waiting += lines
        self.flush()

    def flush(self) -> bool:
        """Write what can be written; whether all was."""
        try:
            self._write()
            if self._lost and not self._waiting:
                self._waiting += self._about_the_lost()
                self._lost = 0
                self._write()
        except OSError:  # no room, or nobody there
            self._lost += self._waiting.count(b"\n")
            self._waiting[:] = b"" if self._whole else b"\n"  # the line that was cut ends
            self._whole = True
        return not self._waiting.strip()

    def _write(self) -> None:
        while self._waiting and self._poll.poll(0):
            count = os.write(self._fd, self._waiting[: select.PIPE_BUF])
            self._whole = self._waiting[count - 1] == ord("\n")
            del self._waiting[:count]

    def _about_the_lost(self) -> bytes:
        message = "lines of this output could not be written, and are lost"
        if self._plain:
            return json.dumps({"level": "warning", "event": message, "lines": self._lost}).encode() + b"\n"
        return f"gopher: {self._lost} {message}\n".encode()
