"""What we do differently from Typer's parser: values stay text, and an option may lack its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gopher_cli.model.errors import Usage

_TELL_THEMSELVES = ("payload", "pairs")  # an empty payload is bad data


class _AsGiven:
    """Values stay the text that was typed. Typer would load pydantic to find that out."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        check_empty(value, param)
        return () if value is None and (param.multiple or param.nargs == -1) else value


def check_empty(value: Any, param: Any) -> None:
    """In a script, a variable that was not set must not mean that nothing was asked for. Raises Usage."""
    texts = [value] if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
    if param.name not in _TELL_THEMSELVES and any(
        isinstance(text, str) and not text.strip() for text in texts
    ):
        if param.param_type_name == "argument":
            name = (param.metavar or param.name.upper()).strip("[].")
            raise Usage(f"{name} is empty", "is a variable not set?")
        name = next(name for name in param.opts if name.startswith("--"))
        raise Usage(f"{name} is empty", f"give it a value, or leave {name} out")


def as_given(param: Any) -> Any:
    """The same parameter, without a type. Where Typer has no such place it converts, and is slower."""
    if param is not None:
        param._runtime_param = _AsGiven()
    return param


def optional_values(params: Sequence[Any]) -> dict[str, str]:
    """Options whose value may be left out, and what then counts: their metavar says ``[=2s]``."""
    return {
        name: param.metavar[2:-1]
        for param in params
        if (param.metavar or "").startswith("[=")
        for name in param.opts
    }


def with_values(args: Sequence[str], optional: Mapping[str, str]) -> list[str]:
    """``--watch`` becomes ``--watch=2s``; ``--watch 5s`` is understood too.

    What follows is its value when it looks like one: a number for a number, and any word for a word.
    """
    given: list[str] = []
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            return [*given, arg, *rest]
        if arg in optional:
            given += [arg, rest.pop(0) if rest and _is_value(rest[0], optional[arg]) else optional[arg]]
        else:
            given.append(arg)
    return given


def _is_value(word: str, default: str) -> bool:
    return word[:1].isdecimal() if default[:1].isdecimal() else word[:1] != "-"
