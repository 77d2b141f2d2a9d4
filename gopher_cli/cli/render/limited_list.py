"""Lists that a limit may cut: rows are written as they come, and at the end whether there are more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.input.filters import whole
from gopher_cli.cli.render.styles import plural
from gopher_cli.cli.terminal.tables import Listing, write_listing

if TYPE_CHECKING:
    from gopher_cli.cli.shell.console import Console

AT_A_TERMINAL = 50  # rows that somebody reads; a program gets all


def limit_of(console: Console, text: str | None) -> int:
    """What --limit says; 0 is no limit. Without it only people have one. Raises Usage."""
    return whole("--limit", text, AT_A_TERMINAL if console.out_tty else 0)


class Limited:
    """One list: ``listing`` without its rows, ``limit`` of them (0 for all), each a ``noun``.

    As JSON it is ``{"items": [...], "more": false}``. What can be written row by row is: a list of a million
    jobs needs no memory, and its reader may stop it.
    """

    def __init__(self, console: Console, listing: Listing, limit: int, noun: str) -> None:
        self._console, self._listing, self._limit, self._noun = console, listing, limit, noun
        self._rows: list[Any] = []  # that wait for the others: columns are as wide as the widest
        self._shown = 0
        self.more = False
        whole = console.format == "table" or (console.format == "json" and console.out_tty)
        self._streams = not whole

    @property
    def asks_for(self) -> int:
        """How many rows to ask for: one more than are shown tells that there are more."""
        return self._limit + 1 if self._limit else 0

    @property
    def shown(self) -> int:
        return self._shown

    def add(self, rows: Sequence[Any]) -> None:
        room = self._limit - self._shown if self._limit else len(rows)
        self.more |= len(rows) > room
        rows = rows[:room]
        if not self._streams:
            self._rows += rows
        elif rows:
            self._write(rows)
        self._shown += len(rows)

    def end(self) -> None:
        """All rows have come."""
        if self._console.format == "json":
            self._end_json()
        elif not self._streams or not self._shown:
            write_listing(self._console, replace(self._listing, rows=self._rows))
        if self.more:
            shown = plural(self._limit, self._noun)
            note = self._console.paint(f"only {shown} shown; all of them: --limit 0", "2")
            print(note, file=self._console.err, flush=True)  # also with --quiet: rows are missing

    def _write(self, rows: Sequence[Any]) -> None:
        console = self._console
        if console.format != "json":
            write_listing(console, replace(self._listing, rows=rows))
            console.header = False  # it stands above the first rows
            return
        for n, row in enumerate(rows, self._shown):
            console.out.write("," if n else '{"items":[\n')
            console.json(self._listing.record(row), lines=True)

    def _end_json(self) -> None:
        if not self._streams:
            items = [self._listing.record(row) for row in self._rows]
            self._console.json({"items": items, "more": self.more})
            return
        head = "" if self._shown else '{"items":['
        self._console.print(f'{head}],"more":{"true" if self.more else "false"}}}')


def write_some(console: Console, listing: Listing, limit: int, noun: str, *, more: bool = False) -> None:
    """A list whose rows are there already; ``more`` where others were left out before."""
    some = Limited(console, listing, limit, noun)
    some.add(listing.rows)
    some.more |= more
    some.end()
