"""The options that every command takes, and those that several share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

EVERYWHERE = "Options of every command"
WHICH = "Which jobs"

FORMATS = ("table", "plain", "json", "ndjson", "csv", "id")


def option(*names: str, help: str, metavar: str = "", panel: str = "Options", **more: Any) -> Any:
    """An option whose value stays text: gopher's own parsers give better messages than Typer's."""
    return typer.Option(
        *names, help=help, metavar=metavar or None, rich_help_panel=panel, show_default=False, **more
    )


class OptionGroup(dict[str, Any]):
    """Options by their names, which a command takes as one parameter."""


def everywhere(*names: str, help: str, metavar: str = "") -> Any:
    return option(*names, help=help, metavar=metavar, panel=EVERYWHERE)


Output = Annotated[
    str | None, everywhere("--output", "-o", metavar="FORMAT", help="table, plain, json, ndjson, csv or id")
]  # fmt: skip
Json = Annotated[bool, everywhere("--json", help="the same as -o json")]
NoHeader = Annotated[bool, everywhere("--no-header", help="plain and csv without the line of names")]
Quiet = Annotated[bool, everywhere("--quiet", "-q", help="print ids only, and no talk")]
RedisUrl = Annotated[
    str | None, everywhere("--redis-url", metavar="URL", help="where Redis is, for this command")
]
Api = Annotated[
    str | None, everywhere("--api", metavar="URL", help="work through the API of this gopher serve")
]  # fmt: skip
Key = Annotated[
    str | None, everywhere("--key", metavar="KEY", help="key for --api; better: GOPHER_API_KEY, or a file")
]  # fmt: skip
Profile = Annotated[
    str | None, everywhere("--profile", metavar="NAME", help="table [profiles.NAME] of gopher.toml")
]
Color = Annotated[str | None, everywhere("--color", metavar="WHEN", help="auto, always or never")]
Debug = Annotated[bool, everywhere("--debug", help="show the traceback of an error")]

COMMON: dict[str, tuple[Any, Any]] = {
    "output": (Output, None),
    "json": (Json, False),
    "no_header": (NoHeader, False),
    "quiet": (Quiet, False),
    "redis_url": (RedisUrl, None),
    "api": (Api, None),
    "key": (Key, None),
    "profile": (Profile, None),
    "color": (Color, None),
    "debug": (Debug, False),
}

# Shared by the commands that choose jobs.
Queues = Annotated[
    list[str] | None,
    option("--queue", "-Q", metavar="QUEUE", panel=WHICH, help="only this queue (repeat, or a,b)"),
]
State = Annotated[
    list[str] | None,
    option("--state", "-s", metavar="STATE", panel=WHICH, help="only jobs in this state (repeat, or a,b)"),
]  # fmt: skip
Type = Annotated[
    str | None, option("--type", "-t", metavar="TYPE", panel=WHICH, help="only jobs of this type")
]
Tag = Annotated[str | None, option("--tag", metavar="TAG", panel=WHICH, help="only jobs with this tag")]
OlderThan = Annotated[
    str | None,
    option("--older-than", metavar="DURATION", panel=WHICH, help="only jobs that are so for longer"),
]
Error = Annotated[
    str | None,
    option("--error", metavar="REGEX", panel=WHICH, help="only jobs with an error that matches"),
]
Group = Annotated[
    str | None,
    option("--group", metavar="GROUP", panel=WHICH, help="only dead jobs of it: gopher list-failed --groups"),
]
Search = Annotated[
    str | None,
    option(
        "--search", metavar="TEXT", panel=WHICH,
        help="only jobs that this finds, such as 'payload.to:ann error:\"time out\" invoice'",
    ),
]  # fmt: skip
_FILTERS = {
    "type": Type, "tag": Tag, "queue": Queues, "older_than": OlderThan, "error": Error, "group": Group,
    "search": Search,
}  # fmt: skip
_OF_ACTIONS = ("type", "queue", "tag", "error", "group", "older_than", "search")
# Which jobs are listed, and which an action is for: see filter_of. The order is that of the help pages.
Listed = Annotated[Mapping[str, Any], OptionGroup(_FILTERS)]
Chosen = Annotated[Mapping[str, Any], OptionGroup({name: _FILTERS[name] for name in _OF_ACTIONS})]
Limit = Annotated[str | None, option("--limit", "-n", metavar="N", panel=WHICH, help="at most so many jobs")]
DryRun = Annotated[bool, option("--dry-run", help="say what would be done, and do nothing")]
Yes = Annotated[bool, option("--yes", "-y", help="do not ask")]
Ids = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="whole ids, or @last", show_default=False),
]  # fmt: skip
Parts = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="ids, or a unique part of them, or @last", show_default=False),
]  # fmt: skip
OfQueue = Annotated[
    str | None,
    option("--queue", "-Q", metavar="QUEUE", panel=WHICH, help="in this queue, where several have that id"),
]  # fmt: skip
