"""A document of tables as Markdown, HTML, JSON or CSV. Pure: values in, text out."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable
from typing import Any

import msgspec


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table: a title, the names of its columns, its rows."""

    title: str
    columns: list[str]
    rows: list[list[Any]]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A report before it has a format."""

    title: str
    made_at: str
    tables: list[Table]


def render(document: Document, format: str) -> str:
    """The text of the document in one of FORMATS."""
    return _RENDER[format](document)


def _markdown(document: Document) -> str:
    parts = [f"# {_bare(document.title)}\n\nMade at {document.made_at}.\n"]
    for table in document.tables:
        rule = ["---"] * len(table.columns)
        lines = [table.columns, rule, *table.rows]
        parts.append(f"## {_bare(table.title)}\n\n" + "".join(_bar(line) for line in lines))
    return "\n".join(parts)


def _bar(line: list[Any]) -> str:
    return "| " + " | ".join(_bare(_shown(cell)).replace("|", "\\|") for cell in line) + " |\n"


def _html(document: Document) -> str:
    title = html.escape(document.title)
    tables = "".join(_html_table(table) for table in document.tables)
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
        "<style>body{font-family:sans-serif;margin:2rem}table{border-collapse:collapse}"
        "th,td{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}</style></head>\n"
        f"<body>\n<h1>{title}</h1>\n<p>Made at {html.escape(document.made_at)}.</p>\n"
        f"{tables}</body>\n</html>\n"
    )


def _html_table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_shown(cell))}</td>" for cell in row) + "</tr>\n"
        for row in table.rows
    )
    title = html.escape(table.title)
    return f"<h2>{title}</h2>\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"


def _json(document: Document) -> str:
    tables = [
        {
            "title": table.title,
            "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows],
        }
        for table in document.tables
    ]
    whole = {"title": document.title, "made_at": document.made_at, "tables": tables}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"


def _csv(document: Document) -> str:
    """The first table alone: a CSV file has one header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    table = document.tables[0]
    writer.writerows([table.columns, *([_shown(cell) for cell in row] for row in table.rows)])
    return out.getvalue()


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else msgspec.json.encode(cell).decode()


def _bare(text: str) -> str:
    """One line: a line break in a cell would end the table."""
    return " ".join(text.split())


_RENDER: dict[str, Callable[[Document], str]] = {
    "md": _markdown,
    "html": _html,
    "json": _json,
    "csv": _csv,
}
FORMATS = tuple(_RENDER)
