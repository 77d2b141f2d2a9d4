"""Checks of a payload and its type before anything is sent, with what workers have published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gopher_cli.cli.console import Console
from gopher_cli.cli.safe import safe
from gopher_cli.model.errors import Denied

if TYPE_CHECKING:
    from gopher_cli.gopher import Gopher


async def published_types(gopher: Gopher) -> dict[str, Any]:
    """The types that workers have published, with their schemas; none for a key that may only submit: the
    server checks the payload in any case."""
    try:
        return await gopher.types()
    except Denied:
        return {}


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
    from gopher_cli.cli.guesses import nearest

    near = nearest(typed, known)
    return f"did you mean {near}?" if near else ""
