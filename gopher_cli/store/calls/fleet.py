"""Calls about the fleet: workers say that they live, and operators what they did."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.events import AuditEntry
from gopher_cli.store.calls.call import Arg, Call, make_call, text
from gopher_cli.store.keyspace import Keys

_KEPT = 10_000  # entries of the audit


def beat(fleet: Keys, worker: str, about: bytes, *, heeded: str = "", now: str = "") -> Call[str]:
    """Say that a worker lives, by Redis's clock. What an operator wants of it, or "".

    It is answered again until it comes back as ``heeded``.
    """
    argv: dict[str, Arg] = {"now": now, "worker": worker, "about": about, "heeded": heeded}
    return make_call("beat", fleet, argv, lambda raw: text(raw[1]))


def order(fleet: Keys, worker: str, word: str, *, now: str = "") -> Call[bool]:
    """Tell a worker to be quiet, to resume or to stop; False where there is no such worker."""
    return make_call("order", fleet, {"now": now, "worker": worker, "order": word}, bool)


def append_audit(fleet: Keys, entry: AuditEntry, nonce: str, *, now: str = "") -> Call[None]:
    """Who did what: an entry of the audit."""
    written = msgspec.json.encode((entry.actor, entry.action, entry.target, entry.changed, entry.detail))
    argv: dict[str, Arg] = {"now": now, "nonce": nonce, "entry": written, "keep": _KEPT}
    return make_call("append_audit", fleet, argv, _nothing)


def _nothing(_: Any) -> None:
    return None
