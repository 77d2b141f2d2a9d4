"""gopher types: what can be submitted, as workers have published it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gopher_cli.cli.input.schema_check import guess
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import Column, Listing
from gopher_cli.model.errors import NotFound

Name = Annotated[
    str | None, typer.Argument(metavar="[TYPE]", help="the JSON Schema of its payload", show_default=False)
]  # fmt: skip


@command
def types(console: Console, name: Name = None) -> None:
    """List the types of jobs that workers have published, with the fields of their payload.

    gopher types
    gopher types email
    """
    known = console.call(lambda gopher: gopher.types())
    if name is not None:
        if name not in known:
            raise NotFound(f"no worker has published the type {name!r}", guess(name, known))
        console.json(known[name])
        return
    rows = [{"type": type, "schema": schema} for type, schema in known.items()]
    console.rows(
        Listing(rows=rows, columns=COLUMNS, record=lambda row: row, id=lambda row: row["type"],
                empty="no worker has published its types; start one: gopher worker")
    )  # fmt: skip


def fields(schema: dict[str, Any]) -> str:
    """``to subject [body]``: what is needed, and in brackets what may be."""
    ref = str(schema.get("$ref", ""))
    if ref.startswith("#/$defs/"):
        schema = schema.get("$defs", {}).get(ref[8:], {})
    needed = schema.get("required", [])
    known = schema.get("properties", {})
    return " ".join([*needed, *(f"[{name}]" for name in known if name not in needed)]) or "anything"


COLUMNS = (
    Column(name="type", show=lambda r: r["type"], keep=9, style=lambda r: "bold"),
    Column(name="fields", show=lambda r: fields(r["schema"]), keep=8, most=90, least=20),
)
