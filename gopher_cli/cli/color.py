"""Colour or not: --color, then NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE, TERM=dumb, the terminal."""

from __future__ import annotations

import os
from typing import TextIO


def wants_color(choice: str | None, stream: TextIO) -> bool:
    """``choice`` is that of --color: always, never, auto or nothing."""
    if choice in ("always", "never"):
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE")
    if forced and forced != "0":
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()
