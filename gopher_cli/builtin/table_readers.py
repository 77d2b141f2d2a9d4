"""Rows out of CSV, TSV, JSON and NDJSON files, line by line where the format allows it."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from gopher_cli.context import Context
from gopher_cli.model.job.signals import Discard

Row = dict[str, Any]

FORMATS = ("csv", "tsv", "json", "ndjson")
MAX_JSON = 64 * 1024 * 1024  # a JSON document has to be held whole
MAX_LINE = 8 * 1024 * 1024
_EVERY = 1_000  # rows between two reports of progress
_SUFFIXES = {".jsonl": "ndjson", ".jsonlines": "ndjson"} | {f".{name}": name for name in FORMATS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of rows: how it is written, and under which name people know it."""

    path: Path
    format: str
    shown: str


def format_of(name: str, given: str = "", default: str = "") -> str:
    """The format that was asked for, or that the file's name tells. Raises Discard for neither."""
    if given:
        if given.lower() not in FORMATS:
            raise Discard(f"format {given[:40]!r} is not supported: use {', '.join(FORMATS)}")
        return given.lower()
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    format = _SUFFIXES.get(suffix, default)
    if not format:
        raise Discard(f"the format of {name} is not known: name the file {' or '.join(_SUFFIXES)}")
    return format


@contextmanager
def reading(source: Source, ctx: Context) -> Iterator[Iterator[Row]]:
    """The rows of a file, one at a time, telling the job's progress by the bytes that were read.

    Raises Discard, with the row's number, for a file that does not hold what its format says.
    """
    with source.path.open("rb") as raw:
        size = source.path.stat().st_size
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        with cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw as plain:
            yield _told(source, _READERS[source.format](plain), ctx, raw, size)


def _told(source: Source, rows: Iterator[Row], ctx: Context, raw: BinaryIO, size: int) -> Iterator[Row]:
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            yield row
            if number % _EVERY == 0:
                _check(ctx)
                ctx.progress(min(raw.tell() / max(size, 1), 1.0), f"{number} rows")
    except _BAD as error:
        raise Discard(f"{source.shown}: after row {number}: {_why(error, source)}") from None


def _check(ctx: Context) -> None:
    """Stop early in a thread that nobody can kill; what was written so far vanishes."""
    if ctx.cancelled:
        raise InterruptedError("the job was cancelled")


def _csv(plain: BinaryIO, delimiter: str = ",") -> Iterator[Row]:
    with io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text, delimiter=delimiter, strict=True)
        header = reader.fieldnames or []
        if len(set(header)) < len(header):
            raise csv.Error("the header names a column twice")
        for row in reader:
            # DictReader files surplus cells under None, and missing ones as None.
            if None in row or None in row.values():
                line = reader.line_num
                raise csv.Error(f"line {line} has another number of cells than the header")
            yield row


def _tsv(plain: BinaryIO) -> Iterator[Row]:
    return _csv(plain, "\t")


def _ndjson(plain: BinaryIO) -> Iterator[Row]:
    decode = msgspec.json.Decoder(Row).decode
    while line := plain.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise ValueError(f"a line is longer than {MAX_LINE} bytes")
        if line.strip():
            yield decode(line.removeprefix(codecs.BOM_UTF8))


def _json(plain: BinaryIO) -> Iterator[Row]:
    text = plain.read(MAX_JSON + 1)
    if len(text) > MAX_JSON:
        raise ValueError(f"larger than {MAX_JSON >> 20} MiB: write it as NDJSON, a row a line")
    document = msgspec.json.decode(text.removeprefix(codecs.BOM_UTF8))
    yield from msgspec.convert(_list_in(document), list[Row])


def _list_in(document: Any) -> Any:
    """The rows of a document: a list, an object around one list ("data"), or one object."""
    if not isinstance(document, dict):
        return document
    lists = [value for value in document.values() if isinstance(value, list)]
    if len(lists) == 1 and all(isinstance(item, dict) for item in lists[0]):
        return lists[0]
    return [document]


def _why(error: Exception, source: Source) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, EOFError | gzip.BadGzipFile | zlib.error):
        return "the compressed data is damaged"
    return f"not {source.format.upper()}: {error}"


_READERS = {"csv": _csv, "tsv": _tsv, "json": _json, "ndjson": _ndjson}
_BAD = (
    csv.Error,
    UnicodeDecodeError,
    msgspec.DecodeError,
    ValueError,
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
)
