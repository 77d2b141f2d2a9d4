"""gopher types: what can be submitted, as workers have published it."""

from __future__ import annotations

from gopher_cli.cli.command import command
from gopher_cli.cli.console import Console


@command
def types(console: Console) -> None:
    """List the types of jobs that workers have published, with the fields of their payload."""
    console.json(console.call(lambda gopher: gopher.types()))
