"""Calls about the fleet: workers say that they live, and operators what they did."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.happenings import AuditEntry
from gopher_cli.store.calls.base import Arg, Call, make_call
from gopher_cli.store.keys import Keys

_KEPT = 10_000  # entries of the audit


def beat(fleet: Keys, worker: str, about: bytes, *, now: str = "") -> Call[None]:
    """Say that a worker lives, by Redis's clock."""
    return make_call("beat", fleet, {"now": now, "worker": worker, "about": about}, _nothing)


def write_down(fleet: Keys, entry: AuditEntry, nonce: str, *, now: str = "") -> Call[None]:
    """Who did what: an entry of the audit."""
    said = msgspec.json.encode((entry.actor, entry.action, entry.target, entry.changed, entry.detail))
    argv: dict[str, Arg] = {"now": now, "nonce": nonce, "said": said, "kept": _KEPT}
    return make_call("write_down", fleet, argv, _nothing)


def _nothing(_: Any) -> None:
    return None
