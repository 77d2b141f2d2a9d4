"""From a function to a command: the shared options, our help page, and no second type system."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from typer.core import TyperCommand

from gopher_cli.cli.shell.common_options import COMMON, OptionGroup
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.help_page import write_help
from gopher_cli.cli.shell.parser import as_given, check_empty, optional_values, with_values

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


class Command(TyperCommand):
    """A command whose help is ours and whose values stay text."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        for param in self.params:
            as_given(param)

    def get_help_option(self, ctx: Any) -> Any:
        return as_given(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True
        rest: list[str] = super().parse_args(ctx, with_values(args, optional_values(self.params)))
        if rest and not ctx.resilient_parsing:
            from gopher_cli.cli.shell.usage_errors import too_many_arguments  # late: only errors need it

            raise too_many_arguments(ctx, rest, args)
        for param in self.params:  # once more, for versions of Typer that convert by themselves
            check_empty(ctx.params.get(param.name), param)
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        write_help(self, ctx, formatter)


class HungUp(Exception):
    """The reader of our pipe is gone. Typer would make exit code 1 of the error itself."""


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function as a command: it takes a Console first (a RedisConsole for what no API can do), then
    its own Annotated options.

    A parameter that is annotated with an OptionGroup stands for its options, and gets a dict of them. The
    options of every command are added; they make the Console. An answer that is a number is the exit code.
    """
    signature = inspect.signature(function, eval_str=True)
    first, *rest = signature.parameters.values()
    groups = {param.name: group for param in rest if (group := _group_of(param))}
    own = [one for param in rest for one in groups.get(param.name) or (param,)]
    shared = [_option(name, *option) for name, option in COMMON.items()]

    def run(**given: Any) -> Any:
        try:
            console: Console = first.annotation.open(**{name: given.pop(name) for name in COMMON})
            of_groups = {
                name: {option.name: given.pop(option.name) for option in group}
                for name, group in groups.items()
            }
            answer = function(console, **given, **of_groups)
            console.out.flush()
        except BrokenPipeError:
            raise HungUp from None
        return answer

    run.__name__, run.__doc__, run.__module__ = function.__name__, function.__doc__, __name__
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*(option.replace(kind=_KEYWORD) for option in own), *shared], return_annotation=None
    )
    run.__annotations__ = {}
    return run


def _option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, _KEYWORD, default=default, annotation=annotation)


def _group_of(param: inspect.Parameter) -> list[inspect.Parameter]:
    """The options of a parameter that stands for several of them."""
    metadata = getattr(param.annotation, "__metadata__", ())
    groups = [group for group in metadata if isinstance(group, OptionGroup)]
    return [_option(name, annotation, None) for group in groups for name, annotation in group.items()]
