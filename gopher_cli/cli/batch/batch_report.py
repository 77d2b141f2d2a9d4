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
        for line in made:
            self.accepted += line.status == "submitted"
            self.known += line.status == "exists"
            self.refused += line.status == "refused"
            self.unknown += line.status == "unknown"
        match self.console.format:
            case "json" | "ndjson":
                for line in made:
                    self._json(line)
            case "id":
                self.console.ids(line.id for line in made if line.status not in ("refused", "unknown"))
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
        for line in made:
            write_row(self.console, (str(line.line), line.status, cell(line.id), cell(line.error)))

    def _refusals(self, made: Sequence[Made]) -> None:
        """Where stdout does not tell of them."""
        for line in made:
            if line.status == "refused" and not (self.console.format == "table" and line.told):
                line.told = True
                self.meter.clear()
                print(f"line {line.line}: {safe(line.error)}", file=self.console.err)

    def _json(self, line: Made) -> None:
        record = {
            "line": line.line,
            "status": line.status,
            "job_id": line.id or None,
            "error": line.error or None,
        }
        text = self.console.json_text(record, lines=True)
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
