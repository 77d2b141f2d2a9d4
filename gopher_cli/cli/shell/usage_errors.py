"""Errors of the parser in gopher's words: what, why, and what to type instead."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

from gopher_cli.cli.shell.common_options import COMMON
from gopher_cli.cli.shell.parser import optional_values, with_values
from gopher_cli.cli.shell.suggestions import argument_hint, command_hint, option_hint
from gopher_cli.model.errors import GopherError, Usage

# Options that other commands have, and why this one cannot.
_ELSEWHERE = {
    ("gopher cancel", "--group"): (
        "groups are of dead jobs, and cancel is for jobs that wait or run",
        "gopher requeue-dlq --group GROUP, or gopher purge --state failed --group GROUP",
    ),
    **{
        ("gopher submit", option): (
            f"{option} is of a schedule, and gopher submit has no such option",
            f"gopher schedule set NAME -t TYPE --cron EXPR {option} ... has it",
        )
        for option in (
            "--offset", "--from", "--until", "--times", "--jitter", "--overlap", "--catchup", "--within",
            "--pause-after",
        )
    },
}  # fmt: skip

_LONGEST_SHOWN = 60
QUOTE = "quote the expression, so that the shell leaves it whole: --cron '0 3 * * *'"


def explained(error: Any, args: Sequence[str] = ()) -> GopherError:
    """A parser's exception as Usage, with a guess at what was meant."""
    kind = type(error).__name__
    ctx: Any = getattr(error, "ctx", None)
    path = ctx.command_path if ctx else " ".join(["gopher", *args[:1]])
    see = f"see: {path} --help"
    if kind == "NoSuchOption":
        if known := _ELSEWHERE.get((path, error.option_name)):
            return Usage(*known)
        hint = behind_the_command(ctx, path, args) or _option_hint(error.option_name, ctx) or see
        return Usage(f"{path} has no option {error.option_name}", hint)
    if kind == "MissingParameter":
        return Usage(f"{path} needs {_wanted(error.param)}", see)
    if kind == "BadOptionUsage":
        name = error.option_name
        takes = "takes no value" if any(arg.startswith(f"{name}=") for arg in args) else "needs a value"
        return Usage(f"{name} {takes}", see)
    return Usage(error.format_message().strip().rstrip(".").replace("\n", " "), see)


def no_such_command(ctx: Any, word: str) -> Usage:
    path = ctx.command_path
    hint = command_hint(path, word, ctx.command.list_commands(ctx))
    return Usage(f"{path} has no command {word!r}", hint or f"see: {path} --help")


def too_many_arguments(ctx: Any, extra: Sequence[str], args: Sequence[str]) -> Usage:
    """``extra`` are those of ``args`` that the command does not take."""
    path, words = ctx.command_path, " ".join(extra)
    hint = _unquoted(args) or argument_hint(path, words) or f"see: {path} --help"
    return Usage(f"{path} does not take {_cut(words)!r}", hint)


def _unquoted(args: Sequence[str]) -> str:
    """For a cron expression of which the shell has made words, and names of files of its stars."""
    words = any(re.fullmatch("--cron(=[^ ]*)?", arg) for arg in args)
    return QUOTE if words else ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


def _wanted(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    return " ".join(filter(None, (param.opts[0], param.metavar)))


def behind_the_command(ctx: Any, path: str, args: Sequence[str]) -> str:
    """``gopher --api URL stats`` as it has to be written, where the options are those of that command."""
    words, options = list(args[len(path.split()) - 1 :]), []
    if not hasattr(ctx.command, "entries"):
        return ""
    for number in range(1, len(words)):
        tree, names = ctx.command, []
        for name in words[number:]:
            tree = tree.get_command(ctx, name) if hasattr(tree, "entries") else None
            if tree is None:
                break
            names.append(name)
            options = [] if hasattr(tree, "entries") else _taken(tree, words[:number])
            if options:
                rest = words[number + len(names) :]
                return f"options stand behind the command: {path} {shlex.join([*names, *options, *rest])}"
    return ""


def _taken(command: Any, words: Sequence[str]) -> list[str]:
    """These words, where all are options of the command with their values; a secret is not repeated."""
    params = {name: param for param in command.params for name in param.opts}
    given, rest = [], with_values(words, optional_values(command.params))
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        param = params.get(name)
        if param is None or (not equals and not param.is_flag and not rest):
            return []
        given.append(name)
        if not param.is_flag:
            value = value if equals else rest.pop(0)
            given.append(param.metavar if name in _SECRET else value)
    return given


def _option_hint(typed: str, ctx: Any) -> str:
    if hasattr(ctx.command, "entries") and typed.lstrip("-").replace("-", "_") in _EVERYWHERE:
        return f"options stand behind the command: {ctx.command_path} COMMAND {typed}"
    near = option_hint(typed, [name for param in ctx.command.get_params(ctx) for name in param.opts])
    return f"did you mean {near}?" if near else ""


_SECRET = ("--key", "--redis-url")
_EVERYWHERE = (*COMMON, "o", "q")
