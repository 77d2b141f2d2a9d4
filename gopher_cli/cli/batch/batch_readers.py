"""What stands in a batch, line by line: a job, a bare payload, or a row of CSV under a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from gopher_cli.cli.batch.batch_lines import LONGEST, Line, read_line
from gopher_cli.cli.input.payload import json_value, set_field
from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.job.payload import check_json
from gopher_cli.model.text.humanize import plural

KINDS = ("job", "payload", "csv")
Numbered = tuple[int, bytes]
_DELIMITERS = (",", ";", "\t")  # the first one that a header has most of


class Reader(Protocol):
    """How the lines of a file become jobs."""

    def records(self, pieces: Iterable[list[Numbered]]) -> Iterator[list[Numbered]]:
        """What belongs together, with the number of its first line. Raises Usage for the whole file."""
        ...

    def line(self, number: int, raw: bytes) -> Line | None:
        """What a record says; None where it is not a job. Raises BadData or Usage for this one."""
        ...


def reader_of(kind: str) -> Reader:
    kinds: dict[str, type[Reader]] = {"job": Jobs, "payload": Payloads, "csv": Rows}
    return kinds[kind]()


class Jobs:
    """``{"type": ..., "payload": ..., "queue": ...}``."""

    def records(self, pieces: Iterable[list[Numbered]]) -> Iterator[list[Numbered]]:
        yield from pieces

    def line(self, number: int, raw: bytes) -> Line | None:
        return read_line(raw)


class Payloads(Jobs):
    """JSON, as ``row_to_json`` of PostgreSQL writes it; the options of the command say the rest."""

    def line(self, number: int, raw: bytes) -> Line | None:
        if len(raw) > LONGEST:
            raise BadData("the line is longer than 1 MB")
        payload = raw.strip()
        check_json(payload)
        return Line(payload=msgspec.Raw(payload))


class Column(NamedTuple):
    """A field of the payload, with dots for an object in an object. ``json`` is the sign ``:=``."""

    key: str
    json: bool


class Rows:
    """CSV as databases and spreadsheets write it. A cell in quotes may have several lines.

    A column ``name`` is text, and ``name:=`` JSON: a number, true, null, a list. An empty cell of such a
    column leaves the field out, and a row of empty cells is not a job.
    """

    def __init__(self) -> None:
        self._columns: list[Column] = []
        self._header = 0  # the number of its line
        self._delimiter = ","

    def records(self, pieces: Iterable[list[Numbered]]) -> Iterator[list[Numbered]]:
        first, parts, size, quotes = 0, list[bytes](), 0, 0
        for piece in pieces:
            whole = []
            for number, line in piece:
                first = first if parts else number
                parts.append(line)
                size += len(line) + 1
                quotes += line.count(b'"')
                if quotes % 2 == 0 or size > LONGEST:
                    whole.append(self._record(first, parts))
                    parts, size, quotes = [], 0, 0
            if whole:
                yield whole
        if parts:
            yield [self._record(first, parts)]

    def line(self, number: int, raw: bytes) -> Line | None:
        if number == self._header:
            return None
        cells = self._cells(raw)
        if not any(cells):  # spreadsheets end with such rows
            return None
        if len(cells) != len(self._columns):
            raise BadData(f"the row has {plural(len(cells), 'cell')}, and the header {len(self._columns)}")
        payload: dict[str, Any] = {}
        for column, cell in zip(self._columns, cells, strict=True):
            if not column.json:
                set_field(payload, column.key, cell)
            elif cell.strip():
                set_field(payload, column.key, json_value(column.key, cell.encode(), "without := it is text"))
        return Line(payload=msgspec.Raw(msgspec.json.encode(payload)))

    def _record(self, number: int, parts: Sequence[bytes]) -> Numbered:
        raw = b"\n".join(parts)[: LONGEST + 1]
        if not self._header and raw.strip():
            self._header, self._columns = number, self._read_header(raw)
        return number, raw

    def _read_header(self, raw: bytes) -> list[Column]:
        outside = b"".join(raw.split(b'"')[::2]).decode("utf-8", "replace")
        self._delimiter = max(_DELIMITERS, key=outside.count)
        try:
            cells = [cell.strip() for cell in self._cells(raw)]
        except BadData as error:
            raise Usage(f"the header: {error}", _HEADER) from None
        columns = [Column(cell.removesuffix(":="), cell.endswith(":=")) for cell in cells]
        keys = [column.key for column in columns]
        for n, key in enumerate(keys):
            if not all(key.split(".")):
                raise Usage(f"column {n + 1} of the header has no name", _HEADER)
            if any(key == other or other.startswith(f"{key}.") for m, other in enumerate(keys) if m != n):
                raise Usage(f"two columns of the header say what {key} is", _HEADER)
        return columns

    def _cells(self, raw: bytes) -> list[str]:
        if len(raw) > LONGEST:
            raise BadData("the row is longer than 1 MB; is a quote not closed?")
        csv.field_size_limit(LONGEST)
        try:
            text = io.StringIO(raw.removesuffix(b"\r").decode(), newline="")
            rows = list(csv.reader(text, delimiter=self._delimiter, strict=True))
        except UnicodeDecodeError as error:
            raise BadData(f"the row is not UTF-8, at byte {error.start}") from None
        except csv.Error as error:
            raise BadData(f"the row is not valid CSV: {error}") from None
        if len(rows) > 1:
            why = _BARE_CR if b"\r" in raw.removesuffix(b"\r") else _BARE_QUOTE
            raise BadData(f"the row is not valid CSV: {why}")
        return rows[0] if rows else []


_BARE_CR = "it has a CR without LF, as old files have at the end of each line"
_BARE_QUOTE = 'a cell with a quote is written in quotes, and the quote twice: "5"" nail"'
_HEADER = "the first line names the fields of the payload, such as to,subject,count:="
