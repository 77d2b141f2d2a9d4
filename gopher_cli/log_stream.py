"""A log that is never waited for: a reader that stands still must not hold up who writes."""

from __future__ import annotations

import io
import logging
import os
import select
import time
from typing import TextIO

from gopher_cli.model.text.duration import rfc3339

_MOMENT = 100  # ms
LOST = "lines of this log could not be written, and are lost"


def stamp(moment: float, *, clock: bool) -> str:
    """When a line was written (epoch seconds): the time of day for who watches, else RFC 3339."""
    return time.strftime("%H:%M:%S", time.localtime(moment)) if clock else rfc3339(round(moment * 1000))


class LogStream(logging.StreamHandler[TextIO]):
    """Writes each line at once, or counts it as lost.

    A full disk is no reason to stop working, and neither is a reader that stands still (a pager, Ctrl-S
    at the terminal): a heartbeat that waits for it would cost a worker all its leases.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lost = 0
        self._cut = False  # a line of which only a part was written

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
            if self._lost and self._write(self.format(self.about_the_lost(self._lost))):
                self._lost = 0
            if not self._write(line):
                self._lost += 1
        except Exception:  # closed by somebody; the way of `logging` is to complain at the same stream
            self._lost += 1

    def _write(self, line: str) -> bool:
        """Past the buffers of the stream, which would keep what could not be written for some other time."""
        raw = ("\n" * self._cut + line + "\n").encode("utf-8", "backslashreplace")
        written = 0
        try:
            while written < len(raw) and self._takes_more():
                written += os.write(self.stream.fileno(), raw[written : written + select.PIPE_BUF])
        except io.UnsupportedOperation:  # a stream in memory
            self.stream.write(line + "\n")
            return True
        except OSError:
            pass
        self._cut = written < len(raw) if written else self._cut
        return written == len(raw)

    def _takes_more(self) -> bool:
        """Whether a write would not block. One that is slow is waited for a moment, if it was not before."""
        poll = select.poll()
        poll.register(self.stream.fileno(), select.POLLOUT)
        return bool(poll.poll(0 if self._lost else _MOMENT))

    def about_the_lost(self, lines: int) -> logging.LogRecord:
        record = logging.LogRecord("gopher", logging.WARNING, "", 0, LOST, None, None)
        record.fields = {"lines": lines}
        return record
