"""What a batch tells of its lines, in each output format, and of all of them at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gopher_cli.cli.batch.batch_lines import Made
from gopher_cli.cli.render.progress import Meter
from gopher_cli.cli.render.styles import plural, ranges
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import cell, write_row
from gopher_cli.model.text.safe import safe


@dataclass(slots=True)
class Report:
    """``accepted``, ``known``, ``refused`` and ``unknown`` (it may be in) count lines."""

    console: Console
    meter: Meter
    accepted: int = 0
    known: int = 0
    refused: int = 0
    unknown: int = 0
    _begun: bool = False

    def tell(self, made: Sequence[Made]) -> None:
        for one in made:
            self.accepted += one.status == "submitted"
            self.known += one.status == "exists"
            self.refused += one.status == "refused"
            self.unknown += one.status == "unknown"
        match self.console.format:
            case "json" | "ndjson":
                for one in made:
                    self._json(one)
            case "id":
                self.console.ids(one.id for one in made if one.status not in ("refused", "unknown"))
            case "table":
                self._refusals(made)
            case _:
                self._rows(made)
        if self.console.format in ("id", "table"):
            self._refusals(made)

    def _rows(self, made: Sequence[Made]) -> None:
        if self.console.format == "csv" and self.console.header and not self._begun:
            write_row(self.console, ("line", "status", "job_id", "error"))
        self._begun = True
        for one in made:
            write_row(self.console, (str(one.line), one.status, cell(one.id), cell(one.error)))

    def _refusals(self, made: Sequence[Made]) -> None:
        """Where stdout does not tell of them."""
        for one in made:
            if one.status == "refused" and not (self.console.format == "table" and one.told):
                one.told = True
                self.meter.clear()
                print(f"line {one.line}: {safe(one.error)}", file=self.console.err)

    def _json(self, one: Made) -> None:
        said = {"line": one.line, "status": one.status, "job_id": one.id or None, "error": one.error or None}
        text = self.console.json_text(said, lines=True)
        if self.console.format == "json":
            text = (",\n" if self._begun else "[") + text
            self._begun = True
            self.console.out.write(text)
        else:
            self.console.print(text)

    def close(self) -> None:
        if self.console.format == "json":
            self.console.print("]" if self._begun else "[]")
        parts = [f"{plural(self.accepted, 'job')} submitted"]
        parts += [f"{plural(self.known, 'line')} already there"] if self.known else []
        parts += [f"{plural(self.refused, 'line')} refused"] if self.refused else []
        parts += [f"{plural(self.unknown, 'line')} unknown"] if self.unknown else []
        where = self.console.server()
        self.console.say(f"{', '.join(parts)} ({where}){self.meter.speed(self.accepted)}")


def done_lines(last: int, beyond: Sequence[int]) -> str:
    """Which lines are done: all up to ``last``, and those ``beyond`` it."""
    if last:
        return f"lines up to {last} are done" + (f", and {ranges(beyond)}" if beyond else "")
    return f"of the lines {ranges(beyond)} are done" if beyond else "no line is done"
