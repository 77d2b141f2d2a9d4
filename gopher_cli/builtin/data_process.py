"""`data_process`: filter, reshape, count or check the rows of a file or of an HTTP answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

from msgspec import Meta, Struct

from gopher_cli.builtin import row_operations as do
from gopher_cli.builtin.files import existing_file, local_path, safe_name, scheme_of
from gopher_cli.builtin.table_readers import Row, Source, format_of, reading
from gopher_cli.builtin.table_writers import picked, write_rows
from gopher_cli.context import Context
from gopher_cli.model.job.signals import Discard

MAX_DOWNLOAD = 256 * 1024 * 1024
MAX_SHOWN = 1_000  # groups in a result; more belong into a file
DOWNLOAD_TIMEOUT = 120.0
_TO_FILE = ("transform", "filter", "dedupe", "sort")
OPERATIONS = (*_TO_FILE, "aggregate", "validate", "summarize")


class DataProcess(Struct, frozen=True, kw_only=True):
    """Where the rows come from, what happens to them, and where they go."""

    source: Annotated[str, Meta(description="path, file:// or http(s):// URL of the rows")] = ""
    source_url: Annotated[str, Meta(description="another name for source")] = ""
    operation: Annotated[str, Meta(description=", ".join(OPERATIONS))] = "transform"
    filters: Annotated[
        dict[str, Any],
        Meta(description='rows to keep: {"status":"active","age":{"gte":18},"city":["A","B"]}'),
    ] = {}
    columns: Annotated[
        list[str], Meta(description="columns to keep, to sort or dedupe by, or to require")
    ] = []
    group_by: Annotated[str | list[str], Meta(description="for aggregate: one group per value")] = []
    sum: Annotated[str | list[str], Meta(description="for aggregate: columns to add up")] = []
    descending: Annotated[bool, Meta(description="for sort: largest first")] = False
    format: Annotated[str, Meta(description="of the source, when its name does not tell")] = ""
    destination: Annotated[str, Meta(description="file to write: .csv .tsv .json .ndjson, .gz")] = ""


def process(payload: DataProcess, ctx: Context) -> dict[str, Any]:
    """Counts and, for the operations that answer a question, the answer itself."""
    if payload.operation not in OPERATIONS:
        known = ", ".join(OPERATIONS)
        raise Discard(f"unknown operation {payload.operation[:40]!r}: use one of {known}")
    target = _target(payload, ctx)  # before any work: a bad destination is known at once
    given = payload.source or payload.source_url
    with opened(given, payload.format, ctx) as source, reading(source, ctx) as every:
        count = _Count(every)
        kept = do.matching(count, payload.filters)
        if payload.operation in _TO_FILE:
            return _to_file(payload, kept, count, target or _default(source, ctx), ctx)
        return {"operation": payload.operation} | _answer(payload, kept, count, target)


@contextmanager
def opened(text: str, format: str, ctx: Context) -> Iterator[Source]:
    """A source as a local file; what HTTP brings lives in a temporary one."""
    if scheme_of(text) in ("http", "https"):
        with tempfile.NamedTemporaryFile(prefix="gopher-") as kept:
            yield _download(text, format, cast(BinaryIO, kept), Path(kept.name), ctx)
        return
    path = existing_file(text, ctx.settings)
    yield Source(path=path, format=format_of(path.name, format), shown=str(path))


def _download(text: str, format: str, out: BinaryIO, path: Path, ctx: Context) -> Source:
    from gopher_cli.builtin.net import Ask, exchange, judge, private_allowed, read_url

    target = read_url(text)
    accept = {"Accept": "application/json, text/csv, application/x-ndjson"}
    ask = Ask(method="GET", url=text, headers=accept, timeout=DOWNLOAD_TIMEOUT)
    with exchange(ask, allow_private=private_allowed(ctx.settings)) as response:
        judge(response.status, response.getheader("Retry-After"), target.shown, now=time.time())
        kind = response.headers.get_content_type()
        size = 0
        while chunk := response.read(64 * 1024):
            size += len(chunk)
            if size > MAX_DOWNLOAD:
                raise Discard(f"{target.shown} sends more than {MAX_DOWNLOAD >> 20} MiB")
            out.write(chunk)
    out.flush()
    ctx.log(f"fetched {size} bytes from {target.shown}")
    default = _KINDS.get(kind, "json")
    return Source(path=path, format=format_of(target.path, format, default), shown=target.shown)


def _to_file(
    payload: DataProcess, kept: Iterable[Row], count: _Count, target: Path, ctx: Context
) -> dict[str, Any]:
    columns = payload.columns if payload.operation in ("transform", "filter") else []
    if payload.operation == "dedupe":
        kept = do.unique(kept, payload.columns)
    elif payload.operation == "sort":
        kept = do.in_order(kept, payload.columns, descending=payload.descending)
    written = _write(target, (picked(row, columns) for row in kept), columns)
    ctx.log(f"{payload.operation}: read {count.seen} rows, wrote {written} to {target}")
    return {
        "operation": payload.operation,
        "read": count.seen,
        "written": written,
        "destination": str(target),
    }


def _answer(payload: DataProcess, kept: Iterable[Row], count: _Count, target: Path | None) -> dict[str, Any]:
    if payload.operation == "validate":
        answer = do.checked(kept, payload.columns)
        table = answer["problems"]
    elif payload.operation == "summarize":
        answer = do.summary(kept, payload.columns)
        table = [{"column": name} | facts for name, facts in answer["columns"].items()]
    else:
        table = do.grouped(kept, many(payload.group_by), many(payload.sum))
        answer = {"groups": table}
        if len(table) > MAX_SHOWN and target is None:
            raise Discard(f"{len(table)} groups are too many for a result: give a destination")
    answer = {"read": count.seen} | answer
    if target is not None:
        _write(target, iter(table), _all_columns(table))
        answer["destination"] = str(target)
        # Only what is small stays in the result when a file holds it all.
        if len(table) > MAX_SHOWN:
            answer["groups"] = len(table)
    return answer


def many(given: str | list[str]) -> list[str]:
    """One name or several, as a list."""
    return ([given] if given else []) if isinstance(given, str) else given


def _write(target: Path, rows: Iterator[Row], columns: list[str]) -> int:
    form = format_of(target.name, default="json")
    return write_rows(target, rows, format=form, columns=columns, packed=target.name.lower().endswith(".gz"))


def _all_columns(table: list[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in table for name in row))


def _target(payload: DataProcess, ctx: Context) -> Path | None:
    if not payload.destination:
        return None
    return local_path(payload.destination, ctx.settings, "destination")


def _default(source: Source, ctx: Context) -> Path:
    return Path(ctx.settings.home / "exports" / f"{safe_name(ctx.job.id)}.{source.format}")


class _Count:
    """Rows that go by are counted."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.seen = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.seen += 1
            yield row


_KINDS = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/x-ndjson": "ndjson",
    "application/jsonl": "ndjson",
}
