"""`report`: groups and totals of a file of rows, or the state of the queue, as a document."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gopher_cli.builtin import row_operations as do
from gopher_cli.builtin.data_process import many, opened
from gopher_cli.builtin.files import local_path, replacing, safe_name
from gopher_cli.builtin.report_text import FORMATS, Document, Table, render
from gopher_cli.builtin.table_readers import reading
from gopher_cli.context import Context
from gopher_cli.model.job.signals import Discard

QUEUE_REPORT = "daily_summary"


class Report(Struct, frozen=True, kw_only=True):
    """What to report on. Without a source, daily_summary tells of the queue itself."""

    report_type: Annotated[str, Meta(description="title of the report")] = QUEUE_REPORT
    source: Annotated[str, Meta(description="CSV, TSV, JSON or NDJSON file or URL")] = ""
    group_by: Annotated[str | list[str], Meta(description="columns: one line per value")] = []
    sum: Annotated[str | list[str], Meta(description="columns to add up")] = []
    filters: Annotated[dict[str, Any], Meta(description="rows to keep, as in data_process")] = {}
    format: Annotated[str, Meta(description="md, html, json or csv; default: by output")] = ""
    output: Annotated[str, Meta(description="file to write; default: in the reports")] = ""


async def report(payload: Report, ctx: Context) -> dict[str, Any]:
    """Where the report is, and its totals."""
    form = _format(payload)
    target = _target(payload, form, ctx)
    made_at = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")
    if payload.source:
        tables, totals = await asyncio.to_thread(_of_rows, payload, ctx)
    elif payload.report_type == QUEUE_REPORT:
        tables, totals = of_stats(msgspec.to_builtins(await ctx.gopher.stats()))
    else:
        raise Discard(f"a {payload.report_type[:40]!r} report needs a source: a file of rows")
    document = Document(title=_title(payload.report_type), made_at=made_at, tables=tables)
    await asyncio.to_thread(_write, target, render(document, form))
    ctx.log(f"wrote {target}")
    return {"output": str(target), "format": form} | totals


def of_stats(stats: Any) -> tuple[list[Table], dict[str, Any]]:
    """Tables of whatever the queue tells about itself: numbers first, then each list."""
    facts = stats if isinstance(stats, dict) else {"stats": stats}
    single: dict[str, Any] = {}
    tables: list[Table] = []
    _spread("", facts, single, tables)
    lines = [[name, value] for name, value in single.items()]
    totals = {name: value for name, value in single.items() if "." not in name}
    head = Table(title="Totals", columns=["metric", "value"], rows=lines)
    return [head, *tables], {"totals": totals}


def _spread(prefix: str, facts: dict[Any, Any], single: dict[str, Any], tables: list[Table]) -> None:
    for key, value in facts.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            _spread(f"{name}.", value, single, tables)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            columns = list(dict.fromkeys(str(column) for item in value for column in item))
            rows = [[item.get(column) for column in columns] for item in value]
            tables.append(Table(title=_title(name), columns=columns, rows=rows))
        else:
            single[name] = value


def _of_rows(payload: Report, ctx: Context) -> tuple[list[Table], dict[str, Any]]:
    by, sums = many(payload.group_by), many(payload.sum)
    with opened(payload.source, "", ctx) as source, reading(source, ctx) as rows:
        groups = do.grouped(do.matching(rows, payload.filters), by, sums)
    numbers = ["count", *sums]
    totals = {name: do.tidy(float(sum(group[name] for group in groups))) for name in numbers}
    tables = [Table(title="Totals", columns=numbers, rows=[list(totals.values())])]
    if by:
        lines = [[group[name] for name in (*by, *numbers)] for group in groups]
        tables.insert(0, Table(title="By " + ", ".join(by), columns=[*by, *numbers], rows=lines))
    return tables, {"rows": totals["count"], "groups": len(groups) if by else 0, "totals": totals}


def _format(payload: Report) -> str:
    known = {"markdown": "md", "htm": "html"}
    asked = payload.format.lower() or Path(payload.output).suffix.lower().lstrip(".") or "md"
    form = known.get(asked, asked)
    if form not in FORMATS:
        raise Discard(f"format {asked[:40]!r} is not supported: use {', '.join(FORMATS)}")
    return form


def _target(payload: Report, form: str, ctx: Context) -> Path:
    if payload.output:
        return local_path(payload.output, ctx.settings, "output")
    name = f"{safe_name(payload.report_type)}-{safe_name(ctx.job.id)}.{form}"
    return Path(ctx.settings.home / "reports" / name)


def _write(target: Path, text: str) -> None:
    with replacing(target) as out:
        out.write(text.encode("utf-8", "replace"))


def _title(name: str) -> str:
    words = name.replace("_", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:200]
