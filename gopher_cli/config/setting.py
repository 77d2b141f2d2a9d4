"""How one setting is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

from gopher_cli.config.kinds import Kind


def setting(
    default: object, kind: Kind, *variables: str,
    about: str, flag: str = "", join: str = "", show: Callable[[str], str] | None = None,
) -> Any:  # fmt: skip
    """``about`` names the unit and the reason; ``show`` makes a secret printable.

    ``join`` is what stands between the parts of a setting that may be a list in TOML.
    """
    more = {"kind": kind, "about": about, "variables": variables, "flag": flag, "show": show, "join": join}
    return field(default=default, metadata=more, repr=show is None)


def stars(text: str) -> str:
    return "***" if text else ""
