"""Colour or not: --color, then NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE, TERM=dumb, the terminal."""

from __future__ import annotations

import os
from typing import TextIO

from gopher_cli.cli.terminal.environment import is_on


def wants_color(choice: str | None, stream: TextIO) -> bool:
    """``choice`` is that of --color: always, never, auto or nothing."""
    if choice in ("always", "never"):
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if is_on("FORCE_COLOR") or is_on("CLICOLOR_FORCE"):
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()
