"""safe() and its characters, under the name that all of the command line knows."""

from __future__ import annotations

from gopher_cli.model.safe import HOSTILE, safe

__all__ = ["HOSTILE", "safe"]
