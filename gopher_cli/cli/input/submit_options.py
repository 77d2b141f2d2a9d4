"""The options of gopher submit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gopher_cli.cli.input.moments import AT_HELP
from gopher_cli.cli.shell.common_options import OptionGroup, option
from gopher_cli.model.job.fields import FIELDS, HOW, ONCE, WHAT, Field, Kind

WHEN, SAFE, MANY, WAIT = "When", "How safe", "Many jobs", "Waiting"


def _annotation(field: Field) -> Any:
    kind: Any = list[str] if field.kind in (Kind.TEXTS, Kind.PAIRS) else str
    names = [f"--{field.option}", *([field.short] if field.short else [])]
    return Annotated[kind | None, option(*names, metavar=field.metavar, panel=field.panel, help=field.help)]


JobFields = Annotated[Mapping[str, Any], OptionGroup({field.name: _annotation(field) for field in FIELDS})]
Pairs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=TEXT | KEY:=JSON]...", help="fields of the payload", show_default=False),
]
Type = Annotated[str | None, option("--type", "-t", metavar="TYPE", panel=WHAT, help="what is to be done")]
Payload = Annotated[
    list[str] | None,
    option("--payload", "-p", metavar="JSON", panel=WHAT, help="JSON, @file, - for stdin, or key=text"),
]
Queue = Annotated[
    str | None,
    option("--queue", "-Q", metavar="QUEUE", panel=WHAT, help="the queue (default: the setting QUEUE_NAME)"),
]
Delay = Annotated[
    str | None, option("--in", metavar="DURATION", panel=WHEN, help="not before that, such as 10m")
]
At = Annotated[
    str | None,
    option("--at", metavar="TIME", panel=WHEN, help=f"not before that, {AT_HELP}"),
]
After = Annotated[
    list[str] | None,
    option(
        "--after", metavar="ID", panel=WHEN, help="when this job of the same queue has completed (repeat)"
    ),
]
App = Annotated[
    list[str] | None,
    option(
        "--app",
        metavar="MODULE[:OBJECT]",
        panel=HOW,
        help="check against these handlers, and take their options (repeat)",
    ),
]
Id = Annotated[str | None, option("--id", metavar="ID", panel=ONCE, help="an id of your own")]
IfExists = Annotated[
    str | None,
    option("--if-exists", metavar="WHAT", panel=ONCE, help="ok (default: print the id of that one) or fail"),
]
DurabilityLevel = Annotated[
    str | None,
    option("--durability", metavar="LEVEL", panel=SAFE, help="accepted means in memory, fsync or replica:N"),
]
Batch = Annotated[
    str | None, option("--batch", metavar="FILE", panel=MANY, help="one job a line as JSON, - for stdin")
]
Lines = Annotated[
    str | None,
    option(
        "--lines",
        metavar="WHAT",
        panel=MANY,
        help="job (default), payload: bare JSON; or csv: columns NAME (text) or NAME:= (JSON)",
    ),
]
BatchId = Annotated[
    str | None,
    option("--batch-id", metavar="NAME", panel=MANY, help="run again, it goes on where it stopped"),
]
Wait = Annotated[
    bool, option("--wait", "-w", panel=WAIT, help="until it ends: log to stderr, result to stdout")
]
WaitTimeout = Annotated[
    str | None,
    option("--wait-timeout", metavar="DURATION", panel=WAIT, help="but no longer than that (exit 124)"),
]
