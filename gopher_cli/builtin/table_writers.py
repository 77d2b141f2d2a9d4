"""Rows into CSV, TSV, JSON and NDJSON files; a file appears whole, or not at all."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from gopher_cli.builtin.files import replacing
from gopher_cli.builtin.table_readers import Row
from gopher_cli.model.job.signals import Discard


def write_rows(
    target: Path,
    rows: Iterable[Row],
    *,
    format: str,
    columns: Sequence[str] = (),
    packed: bool = False,
) -> int:
    """Write every row as it comes, and answer how many they were."""
    with ExitStack() as stack:
        out = stack.enter_context(replacing(target))
        if packed:
            # No time and no name inside: the same rows give the same bytes.
            out = cast(
                BinaryIO,
                stack.enter_context(gzip.GzipFile("", "wb", fileobj=out, mtime=0)),
            )
        return _WRITERS[format](out, rows, columns)


def picked(row: Row, columns: Sequence[str]) -> Row:
    """The row with these columns alone, in this order; a missing one is empty."""
    return {name: row.get(name) for name in columns} if columns else row


def _csv(out: BinaryIO, rows: Iterable[Row], columns: Sequence[str], delimiter: str = ",") -> int:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    header, count = list(columns), 0
    if header:
        writer.writerow(header)
    for count, row in enumerate(rows, 1):
        if not header:
            header = list(row)
            writer.writerow(header)
        _same_columns(row, header, columns, count)
        writer.writerow([_cell(row.get(name)) for name in header])
    text.detach()
    return count


def _same_columns(row: Row, header: list[str], columns: Sequence[str], count: int) -> None:
    # Only where nobody chose: a column that the first row lacks must not vanish in silence.
    if not columns and (more := row.keys() - set(header)):
        raise Discard(f"row {count} has the column {min(more)!r}, the first has not: give columns")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return value


def _tsv(out: BinaryIO, rows: Iterable[Row], columns: Sequence[str]) -> int:
    return _csv(out, rows, columns, "\t")


def _ndjson(out: BinaryIO, rows: Iterable[Row], columns: Sequence[str]) -> int:
    count = 0
    for row in rows:
        out.write(msgspec.json.encode(picked(row, columns)) + b"\n")
        count += 1
    return count


def _json(out: BinaryIO, rows: Iterable[Row], columns: Sequence[str]) -> int:
    count = 0
    for count, row in enumerate(rows, 1):
        out.write(b"[\n" if count == 1 else b",\n")
        out.write(msgspec.json.encode(picked(row, columns)))
    out.write(b"\n]\n" if count else b"[]\n")
    return count


_WRITERS = {"csv": _csv, "tsv": _tsv, "json": _json, "ndjson": _ndjson}
