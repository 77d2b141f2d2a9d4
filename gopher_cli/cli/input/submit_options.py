"""The options of gopher submit."""

from __future__ import annotations

from typing import Annotated

import typer

from gopher_cli.cli.input.moments import AT_HELP
from gopher_cli.cli.shell.common_options import option

WHAT, WHEN, HOW, ONCE, SAFE, MANY, WAIT = (
    "What", "When", "How it runs", "Only once", "How safe", "Many jobs", "Waiting",
)  # fmt: skip

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
Priority = Annotated[
    str | None, option("--priority", metavar="P", panel=WHAT, help="high, normal, low, or 0 to 10")
]
Tag = Annotated[
    list[str] | None, option("--tag", metavar="TAG", panel=WHAT, help="a label to find it by (repeat)")
]
Header = Annotated[
    list[str] | None,
    option("--header", metavar="KEY=VALUE", panel=WHAT, help="handed to the handler (repeat)"),
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
Retries = Annotated[
    str | None,
    option("--retries", "-r", metavar="N", panel=HOW, help="how often it runs again when it fails (3)"),
]
Timeout = Annotated[
    str | None, option("--timeout", metavar="DURATION", panel=HOW, help="how long an attempt may take (5m)")
]
Backoff = Annotated[
    str | None,
    option(
        "--backoff",
        metavar="B",
        panel=HOW,
        help="exp:5s, poly:2 or fixed:10s; behind it :CAP (1h), :nojitter",
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
Unique = Annotated[
    str | None,
    option("--unique", metavar="KEY", panel=ONCE, help="only one unfinished job of its queue with this key"),
]
UniqueFor = Annotated[
    str | None,
    option("--unique-for", metavar="DURATION", panel=ONCE, help="and none within that time either"),
]
Retention = Annotated[
    str | None,
    option(
        "--retention",
        metavar="DURATION",
        panel=HOW,
        help="how long the completed job and its result are kept (24h)",
    ),
]
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
