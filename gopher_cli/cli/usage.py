"""Errors of the parser in gopher's words: what, why, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gopher_cli.cli.guesses import argument_hint, command_hint, option_hint
from gopher_cli.cli.options import COMMON
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
        return Usage(f"{path} has no option {error.option_name}", _option_hint(error.option_name, ctx) or see)
    if kind == "MissingParameter":
        return Usage(f"{path} needs {_wanted(error.param)}", see)
    if kind == "BadOptionUsage":
        name = error.option_name
        takes = "needs a value" if "requires" in error.message else "takes no value"
        return Usage(f"{name} {takes}", see)
    if match := re.match(r"No such command '(.*?)'", error.message):
        hint = command_hint(path, match[1], ctx.command.list_commands(ctx))
        return Usage(f"{path} has no command {match[1]!r}", hint or see)
    if match := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", error.message):
        return Usage(f"{path} does not take {match[1]!r}", argument_hint(path, match[1]) or see)
    return Usage(error.format_message().strip().rstrip(".").replace("\n", " "), see)


def _wanted(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    return " ".join(filter(None, (param.opts[0], param.metavar)))


def _option_hint(typed: str, ctx: Any) -> str:
    if hasattr(ctx.command, "entries") and typed.lstrip("-").replace("-", "_") in _EVERYWHERE:
        return f"options stand behind the command: {ctx.command_path} COMMAND {typed}"
    near = option_hint(typed, [name for param in ctx.command.get_params(ctx) for name in param.opts])
    return f"did you mean {near}?" if near else ""


_EVERYWHERE = (*COMMON, "o", "q")
