"""gopher completion: scripts that know the commands by heart, and ask only for names and ids."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.command_tree import SHELLS, places
from gopher_cli.cli.shell.console import Console
from gopher_cli.model.errors import Usage

FILES = {"bash": "gopher.bash", "zsh": "_gopher", "fish": "gopher.fish"}


@command
def completion(
    console: Console,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish", show_default=False)],
) -> None:
    """Print the completion script of a shell.

    gopher completion bash > ~/.local/share/bash-completion/completions/gopher
    gopher completion zsh > ~/.zfunc/_gopher
    gopher completion fish > ~/.config/fish/completions/gopher.fish
    """
    if shell not in SHELLS:
        raise Usage(f"there is no completion for {shell!r}", "shells: bash, zsh, fish")
    console.out.write(script(shell))


def script(shell: str) -> str:
    """The whole script."""
    from gopher_cli.cli.shell import completion_scripts

    write: Any = getattr(completion_scripts, shell)
    return str(write(list(places())))
