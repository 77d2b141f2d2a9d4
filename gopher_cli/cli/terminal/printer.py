"""Printer: where and how a command prints. stdout is data, stderr is talk.

A command prints values; whether they become a table, plain rows, JSON or ids is decided once, by its format.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TextIO

from gopher_cli.cli.terminal.color import wants_color
from gopher_cli.cli.terminal.encoding import ascii_json, is_utf8
from gopher_cli.model.text.safe import HOSTILE, safe


@dataclass(slots=True, kw_only=True)
class Printer:
    """``format`` is one of options.FORMATS, never empty; ``color`` is that of --color."""

    format: str
    quiet: bool = False
    header: bool = True
    color: str | None = None
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)

    # Talk: stderr, for people.

    @property
    def out_tty(self) -> bool:
        return self.out.isatty()

    @property
    def talks(self) -> bool:
        """Somebody watches stderr and has not asked for silence."""
        return self.err.isatty() and not self.quiet

    def say(self, text: str) -> None:
        """A line for somebody who watches; not for pipes, logs and cron."""
        if self.talks:
            self._tell(self.paint(text, "2"))

    def note(self, text: str) -> None:
        """A line that is worth a place in a log too; only --quiet is spared it."""
        if not self.quiet:
            self._tell(self.paint(text, "2"))

    def warn(self, text: str) -> None:
        """A line that must be read, wherever stderr goes."""
        self._tell(f"{self.paint('warning:', '33')} {text}")

    def _tell(self, text: str) -> None:
        print(text, file=self.err, flush=True)

    def paint(self, text: str, code: str) -> str:
        """For stderr."""
        return f"\x1b[{code}m{text}\x1b[0m" if wants_color(self.color, self.err) else text

    # Data: stdout.

    def print(self, text: str, *, flush: bool = False) -> None:
        """A line of data that is safe already, or was written by us."""
        print(text, file=self.out, flush=flush)

    def json(self, value: Any, *, lines: bool = False) -> None:
        """One JSON document: indented for people, compact for programs and in streams."""
        self.print(self.json_text(value, lines=lines), flush=lines)

    def json_text(self, value: Any, *, lines: bool = False) -> str:
        """The same as text, for stdout: valid JSON there, whatever its encoding."""
        import msgspec

        from gopher_cli.model.text.timestamp import json_of

        raw = json_of(value)
        if self.out_tty and not lines:
            raw = msgspec.json.format(raw, indent=2)
        # A terminal may be looking: JSON escapes C0 by itself, and we the rest.
        text = json_safe(raw.decode()) if self.out_tty else raw.decode()
        return text if is_utf8(self.out) else ascii_json(text)

    def ids(self, ids: Iterable[str]) -> None:
        for id in ids:
            self.print(safe(id))


def json_safe(text: str) -> str:
    """JSON in which hostile characters stand as JSON escapes: the same value, harmless to look at."""
    import json

    # All hostile characters stand inside of JSON strings; JSON itself has none but the newline.
    return HOSTILE.sub(lambda match: json.dumps(match[0])[1:-1], text)
