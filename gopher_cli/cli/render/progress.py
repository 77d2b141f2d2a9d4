"""A progress bar on stderr, for somebody who watches."""

from __future__ import annotations

import os
import stat
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO

from gopher_cli.cli.render.styles import number
from gopher_cli.cli.terminal.color import wants_color
from gopher_cli.cli.terminal.environment import is_on

if TYPE_CHECKING:
    from gopher_cli.cli.shell.console import Console

_EVERY = 0.1
SOON = 0.5  # seconds after which somebody who waits wants to know
_BAR = 24


class StatusLine:
    """A line on stderr that is written anew; without an escape sequence where no colour is wanted."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._length = 0

    def write(self, text: str) -> None:
        """Nothing wipes it."""
        if not text and not self._length:
            return
        err = self._console.err
        if wants_color(self._console.color, err):
            print(f"\r\x1b[K{text}", end="", file=err, flush=True)
        else:
            wiped = f"\r{text.ljust(self._length)}"
            print(wiped if text else f"{wiped}\r", end="", file=err, flush=True)
        self._length = len(text)


class Meter:
    """Draws on one line, ten times a second at most; does nothing where nobody watches.

    What is over in ``after`` seconds draws nothing.
    """

    def __init__(self, console: Console, *, after: float = 0.0) -> None:
        self._console = console
        self._live = console.talks and os.environ.get("TERM") != "dumb" and not is_on("CI")
        self._began = monotonic()
        self._drawn = self._began + after - _EVERY
        self._line = StatusLine(console)
        self._visible = False
        self._bytes = 0
        self._whole = 0

    def expect(self, stream: BinaryIO) -> None:
        """The size of a file makes a bar; of a pipe nobody knows."""
        status = os.fstat(stream.fileno())
        self._whole = status.st_size if stat.S_ISREG(status.st_mode) else 0

    def show(self, more: int, jobs: int) -> None:
        """``more`` bytes were read, ``jobs`` are done in all."""
        self._bytes += more
        bar = ""
        if self._whole:
            share = min(1.0, self._bytes / self._whole)
            full = round(share * _BAR)
            bar = f"{'━' * full}{'─' * (_BAR - full)} {share:4.0%}  "
        self.draw(f"{bar}{number(jobs)} jobs{self.speed(jobs)}")

    def draw(self, text: str) -> None:
        if not self._live or monotonic() - self._drawn < _EVERY:
            return
        self._drawn, self._visible = monotonic(), True
        self._line.write(text)

    def speed(self, jobs: int) -> str:
        seconds = monotonic() - self._began
        return f"  {number(round(jobs / seconds))}/s" if seconds > 0.2 and jobs else ""

    def clear(self) -> None:
        if self._visible:
            self._line.write("")
            self._visible = False

    end = clear


class Counter:
    """How many so far, on one line, while a bulk verb goes through its slices."""

    def __init__(self, console: Console, word: str) -> None:
        self._meter = Meter(console)
        self._word = word
        self.count = 0

    def show(self, count: int) -> None:
        self.count = count
        self._meter.draw(f"{number(count)} {self._word}{self._meter.speed(count)}")

    def clear(self) -> None:
        self._meter.clear()


class Progress:
    """How far a search has come, where it takes longer than half a second."""

    def __init__(self, console: Console) -> None:
        self._meter = Meter(console, after=SOON)

    def show(self, looked: int, matches: int) -> None:
        """So many were looked at (0 where nobody knows), and so many found."""
        parts = ["searching"] + ([f"{number(looked)} jobs looked at"] if looked else [])
        self._meter.draw(", ".join([*parts, f"{number(matches)} found"] if matches else parts))

    def clear(self) -> None:
        self._meter.clear()
