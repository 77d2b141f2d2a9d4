"""What the demo looks like: headings, lines, and a live view; plain lines where nobody watches."""

from __future__ import annotations

import shlex
import shutil
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import Any, TextIO

from gopher_cli.cli.terminal.color import wants_color
from gopher_cli.demo.picture import Picture
from gopher_cli.model.text.safe import safe

_SHORT = {"processing": "running", "enqueued": "waiting", "completed": "done"}
_STATES = ("processing", "enqueued", "scheduled", "retrying", "failed")
_BAR = 24


class Screen:
    """Prints to stdout. ``color`` is that of --color."""

    def __init__(self, color: str | None = None, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.live = self.out.isatty()
        self._colors = wants_color(color, self.out)
        self._acts = 0
        self._view: Any = None
        self._said = ("", 0.0)

    def act(self, title: str) -> None:
        self._acts += 1
        self._print(f"\n{self._paint('1;36', f' {self._acts} ')} {self._paint('1', title)}")

    def say(self, text: str) -> None:
        self._print("\n".join(f"    {line}" for line in self._folded(text)))

    def done(self, text: str) -> None:
        self._print(f"  {self._paint('32', '✓')} " + "\n    ".join(self._folded(text)))

    def exactly(self, text: str) -> None:
        """What is to be pasted: never folded."""
        self._print(text)

    def gap(self) -> None:
        self._print("")

    def command(self, words: Sequence[str]) -> None:
        """What is run next, as one would type it."""
        self._print(f"\n  {self._paint('2', '$')} {self._paint('1', shlex.join(words))}")

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        width = max((len(left) for left, _ in rows), default=0)
        for left, right in rows:
            self._print(f"    {left:<{width}}  {self.dim(f'{right:>8}')}")

    def dim(self, text: str) -> str:
        return self._paint("2", text)

    def show(self, picture: Picture) -> None:
        """The newest picture of the queue: redrawn at a terminal, else one line when it differs."""
        if self.live:
            self._redraw(picture)
            return
        line, now = summary(picture), time.monotonic()
        if line != self._said[0] and now - self._said[1] >= 1:
            self._said = (line, now)
            self.say(line)

    def still(self, picture: Picture | None = None) -> None:
        """Wipe the live view; the last picture stays as a line."""
        if self._view is not None:
            self._view.stop()
            self._view = None
        if picture is not None and summary(picture) != self._said[0]:
            self.say(summary(picture))
        self._said = ("", 0.0)

    def _redraw(self, picture: Picture) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        if self._view is None:
            console = Console(file=self.out, highlight=False, no_color=not self._colors)
            self._view = Live(console=console, transient=True, auto_refresh=False)
            self._view.start()
        width = self._view.console.width - 1
        lines = [line[:width] for line in drawn(picture)]
        text = Text("\n".join(lines), no_wrap=True)
        text.highlight_regex("█+", "cyan")
        text.highlight_regex("░+", "bright_black")
        text.highlight_regex(r"\d+ failed", "red")
        self._view.update(text, refresh=True)

    def _folded(self, text: str) -> list[str]:
        """Lines that fit, four columns in."""
        width = max(20, min(96, shutil.get_terminal_size((100, 24)).columns - 5))
        return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False) or [""]

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colors else text

    def _print(self, text: str) -> None:
        print(text, file=self.out, flush=True)


def summary(picture: Picture) -> str:
    """``12 of 38 done · 4 running · 1 scheduled``."""
    counts = [
        f"{picture.states[state]} {_SHORT.get(state, state)}"
        for state in _STATES
        if picture.states.get(state)
    ]
    return " · ".join([f"{picture.done} of {picture.total} done", *counts])


def drawn(picture: Picture) -> list[str]:
    """The live view: one bar for all, one for each running job that tells of its progress."""
    lines = [f"    {bar(picture.done / max(1, picture.total))} {summary(picture)}"]
    for id, fraction, message in picture.running:
        text = f"{fraction:4.0%} {safe(message)}" if fraction is not None else ""
        lines.append(f"    {bar(fraction or 0, 12)} {safe(id):<18} {text}".rstrip())
    return lines


def bar(share: float, width: int = _BAR) -> str:
    full = round(max(0.0, min(1.0, share)) * width)
    return "█" * full + "░" * (width - full)
