"""The commands and their options as a tree, for completion and for the manual page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gopher_cli.cli.shell.common_options import FORMATS
from gopher_cli.cli.shell.entries import ENTRIES, TOPICS, Entry, load
from gopher_cli.model.job.job import JobState

SHELLS = ("bash", "zsh", "fish")

# What may stand behind an option: words, or the name of something to ask for.
ASKED = {
    "--queue": "queues", "--to-queue": "queues", "--type": "types", "--after": "ids", "--batch": "files",
    "--tz": "zones",
}  # fmt: skip
WORDS = {
    "--output": FORMATS,
    "--color": ("auto", "always", "never"),
    "--state": (*JobState, "all"),
    "--priority": ("high", "normal", "low"),
    "--if-exists": ("ok", "fail"),
    "--lines": ("job", "payload", "csv"),
    "--log-level": ("debug", "info", "warning", "error"),
    "--log-format": ("console", "json"),
    "--backoff": ("exp:5s", "poly:2", "fixed:10s"),
    "--priority-ratio": ("3:2:1", "strict"),
    "--cron": ("@hourly", "@daily", "@weekly", "@monthly"),
    "--overlap": ("skip", "all"),
    "--catchup": ("once", "skip", "all:10"),
}
# What a metavar of an argument asks for.
ARGUMENTS = {
    "ID...": "ids", "[ID]...": "ids", "QUEUE...": "queues", "[TYPE]": "types", "EXPECT": "expects",
    "EXPECT...": "expects", "SCHEDULE": "schedules", "SCHEDULE...": "schedules", "[SCHEDULE]": "schedules",
    "CRONTAB": "files",
}  # fmt: skip
ARGUMENT_WORDS = {"SHELL": SHELLS, "[COMMAND | TOPIC]...": (*ENTRIES, *TOPICS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """An option: its names, what it is good for, and what may stand behind it."""

    names: tuple[str, ...]
    about: str
    takes: bool
    words: tuple[str, ...] = ()
    asks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the tree: ``path`` from gopher on, what goes on from there."""

    path: str
    about: str
    commands: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    asks: str = ""
    words: tuple[str, ...] = ()


def places() -> Iterator[Place]:
    """The tree from the root down, in the order of the help page."""
    yield from _places("gopher", "", ENTRIES)


def _places(path: str, about: str, entries: dict[str, Entry], other: str = "") -> Iterator[Place]:
    """``other`` is the command whose name may be left out: its options stand here, too."""
    shown = {name: entry for name, entry in entries.items() if not entry.hidden}
    flags = _place(path, about, load(other, entries[other])).flags if other else ()
    yield Place(path=path, about=about, commands=tuple(shown), flags=flags)
    for name, entry in shown.items():
        command = load(name, entry)
        if hasattr(command, "entries"):
            yield from _places(f"{path} {name}", entry.about, command.entries, entry.other)
        else:
            yield _place(f"{path} {name}", entry.about, command)


def _place(path: str, about: str, command: Any) -> Place:
    flags = [_flag(param) for param in command.params if param.param_type_name == "option"]
    flags.append(Flag(names=("--help", "-h"), about="show the help page", takes=False))
    argument = next((p.metavar for p in command.params if p.param_type_name == "argument"), "")
    return Place(
        path=path, about=about, flags=tuple(flags), asks=ARGUMENTS.get(argument, ""),
        words=ARGUMENT_WORDS.get(argument, ()),
    )  # fmt: skip


def _flag(param: Any) -> Flag:
    long = next(name for name in param.opts if name.startswith("--"))
    takes = not param.is_flag and not (param.metavar or "").startswith("[=")
    asks = "ids" if long == "--id" and "-i" in param.opts else ASKED.get(long, "")
    return Flag(
        names=tuple(sorted(param.opts, key=len, reverse=True)), about=param.help, takes=takes,
        words=WORDS.get(long, ()), asks=asks if takes else "",
    )  # fmt: skip
