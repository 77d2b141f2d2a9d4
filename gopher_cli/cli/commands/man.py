"""gopher man: the manual page, made from the command tree like the completions."""

from __future__ import annotations

from collections.abc import Iterator

from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.command_tree import Flag, Place, places
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import ENTRIES, EPILOG
from gopher_cli.version import __version__


@command
def man(console: Console) -> None:
    """Print the manual page.

    gopher man | man -l -
    """
    console.out.write(page())


def page() -> str:
    """The whole page in roff."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH GOPHER 1 "" "gopher {__version__}" "User commands"'
    yield from (".SH NAME", "gopher \\- a job queue for the command line, on Redis or Valkey")
    yield from (".SH SYNOPSIS", ".B gopher", "\\fICOMMAND\\fR [\\fIOPTIONS\\fR]", ".SH COMMANDS")
    tree = list(places())
    for place in tree:
        if not place.commands:
            yield from _command(place)
    yield ".SH OPTIONS OF EVERY COMMAND"
    for flag in _common(tree):
        yield from _flag(flag)
    yield from _epilog()
    yield from (".SH ENVIRONMENT", "Every setting has a variable: see", '.BR "gopher config show" .')


def _command(place: Place) -> Iterator[str]:
    yield f".SS {_roff(place.path)}"
    yield _roff(place.about or ENTRIES[place.path.split()[1]].about) + "."
    common = {flag.names for flag in _common([place])}
    for flag in place.flags:
        if flag.names not in common:
            yield from _flag(flag)


def _common(tree: list[Place]) -> list[Flag]:
    """The options that a command has only because all have them."""
    shared = (
        "--output",
        "--json",
        "--no-header",
        "--quiet",
        "--redis-url",
        "--profile",
        "--color",
        "--debug",
        "--help",
    )
    first = next(place for place in tree if place.flags)
    return [flag for flag in first.flags if set(flag.names) & set(shared)]


def _flag(flag: Flag) -> Iterator[str]:
    yield ".TP"
    yield f".B {_roff(', '.join(sorted(flag.names, key=len)))}" + (" \\fIVALUE\\fR" if flag.takes else "")
    yield _roff(flag.about or "")


def _epilog() -> Iterator[str]:
    """Examples and exit codes, as on the help page."""
    examples, _, codes = EPILOG.partition("\n\n")
    yield from (".SH EXAMPLES", ".nf", *(_roff(line.strip()) for line in examples.splitlines()[1:]), ".fi")
    yield from (".SH EXIT STATUS", _roff(codes.removeprefix("Exit codes: ").replace("\n", " ")))


def _roff(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
