"""`data_export`: rows, given in the job or in a file, become a CSV, TSV, JSON or NDJSON file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from gopher_cli.builtin.data_process import opened
from gopher_cli.builtin.files import local_path, safe_name
from gopher_cli.builtin.table_readers import Row, format_of, reading
from gopher_cli.builtin.table_writers import picked, write_rows
from gopher_cli.context import Context
from gopher_cli.model.job.signals import Discard


class DataExport(Struct, frozen=True, kw_only=True):
    """What to export, and how."""

    source: Annotated[str, Meta(description="path, file:// or http(s):// URL of the rows")] = ""
    rows: Annotated[list[dict[str, Any]], Meta(description="the rows themselves")] = []
    format: Annotated[
        str, Meta(description="csv, tsv, json or ndjson; default: by destination, else csv")
    ] = ""
    columns: Annotated[list[str], Meta(description="columns to write, in this order")] = []
    destination: Annotated[str, Meta(description="file to write; default: in the exports")] = ""
    gzip: Annotated[bool, Meta(description="compress; a destination ending in .gz does too")] = False


def export(payload: DataExport, ctx: Context) -> dict[str, Any]:
    """Where the rows are now."""
    if bool(payload.source) == bool(payload.rows):
        raise Discard("give the rows either as source (a file) or as rows (a list), not both")
    form = format_of(payload.destination, payload.format, default="csv")
    target = _target(payload, form, ctx)
    packed = payload.gzip or target.name.lower().endswith(".gz")
    with _rows(payload, ctx) as rows:
        chosen = (picked(row, payload.columns) for row in rows)
        written = write_rows(target, chosen, format=form, columns=payload.columns, packed=packed)
    size = target.stat().st_size
    ctx.log(f"wrote {written} rows, {size} bytes, to {target}")
    return {"destination": str(target), "format": form, "rows": written, "bytes": size}


@contextmanager
def _rows(payload: DataExport, ctx: Context) -> Iterator[Iterator[Row]]:
    if not payload.source:
        yield iter(payload.rows)
        return
    with opened(payload.source, "", ctx) as source, reading(source, ctx) as rows:
        yield rows


def _target(payload: DataExport, form: str, ctx: Context) -> Path:
    if payload.destination:
        return local_path(payload.destination, ctx.settings, "destination")
    ending = f"{form}.gz" if payload.gzip else form
    return Path(ctx.settings.home / "exports" / f"{safe_name(ctx.job.id)}.{ending}")
