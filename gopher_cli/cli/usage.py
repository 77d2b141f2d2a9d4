"""Errors of the parser in gopher's words: what, why, and what to type instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from gopher_cli.model.errors import GopherError, Usage

# Options that other commands have, and why this one cannot.
_ELSEWHERE = {
    ("gopher cancel", "--group"): (
        "groups are of dead jobs, and cancel is for jobs that wait or run",
        "gopher requeue-dlq --group GROUP, or gopher purge --state failed --group GROUP",
    ),
}


def explained(error: Any, args: Sequence[str] = ()) -> GopherError:
    """A parser's exception as Usage, with a guess at what was meant."""
    kind = type(error).__name__
    ctx: Any = getattr(error, "ctx", None)
    path = ctx.command_path if ctx else " ".join(["gopher", *args[:1]])
    see = f"see: {path} --help"
    if kind == "NoSuchOption":
        if known := _ELSEWHERE.get((path, error.option_name)):
            return Usage(*known)
        near = _near(error.option_name, _options(ctx))
        return Usage(f"{path} has no option {error.option_name}", f"did you mean {near}?" if near else see)
    if kind == "MissingParameter":
        return Usage(f"{path} needs {_wanted(error.param)}", see)
    if kind == "BadOptionUsage":
        name = error.option_name
        takes = "needs a value" if "requires" in error.message else "takes no value"
        return Usage(f"{name} {takes}", see)
    if match := re.match(r"No such command '(.*?)'", error.message):
        near = _near(match[1], ctx.command.list_commands(ctx))
        return Usage(f"{path} has no command {match[1]!r}", f"did you mean {path} {near}?" if near else see)
    if match := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", error.message):
        return Usage(f"{path} does not take {match[1]!r}", see)
    return Usage(error.format_message().strip().rstrip(".").replace("\n", " "), see)


def _wanted(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    return " ".join(filter(None, (param.opts[0], param.metavar)))


def _options(ctx: Any) -> list[str]:
    return [name for param in ctx.command.get_params(ctx) for name in param.opts]


def _near(typed: str, known: list[str]) -> str:
    return next(iter(difflib.get_close_matches(typed, known, 1, 0.6)), "")
