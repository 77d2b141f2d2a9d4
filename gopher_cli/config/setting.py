"""How one setting is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

from gopher_cli.config.kinds import Kind


def setting(
    default: object, kind: Kind, *variables: str,
    about: str, flag: str = "", show: Callable[[str], str] | None = None,
) -> Any:  # fmt: skip
    """``about`` names the unit and the reason; ``show`` makes a secret printable."""
    more = {"kind": kind, "about": about, "variables": variables, "flag": flag, "show": show}
    return field(default=default, metadata=more, repr=show is None)


def stars(text: str) -> str:
    return "***" if text else ""
