"""Checks of a payload and its type before anything is sent, with what workers have published."""

from __future__ import annotations

import difflib
from typing import Any

from gopher_cli.cli.console import Console
from gopher_cli.cli.safe import safe


def check_schema(type: str, raw: bytes, payload: bytes) -> None:
    """Raises BadData where the payload does not fit what workers have published."""
    import msgspec

    from gopher_cli.model.schema import check_payload

    try:
        schema = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return
    if isinstance(schema, dict) and schema:
        check_payload(type, schema, msgspec.json.decode(payload))


def warn_unknown(console: Console, type: str, known: dict[str, Any]) -> None:
    """A type that no worker has published may come later: said, not refused."""
    if known and type not in known:
        hint = guess(type, known)
        console.warn(safe(f"no worker has published the type {type}" + (f"; {hint}" if hint else "")))


def guess(typed: str, known: Any) -> str:
    near = difflib.get_close_matches(typed, list(known), 1)
    return f"did you mean {near[0]}?" if near else ""
