"""Calls about the fleet: workers say that they live, and operators what they did."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.facts import Operation
from gopher_cli.store.calls.call import Arg, Call, make_call, text
from gopher_cli.store.keyspace import Keys

_KEPT = 10_000  # entries of the audit
_SHORT = 500  # characters of a word in it


def beat(fleet: Keys, worker: str, about: bytes, *, heeded: str = "", now: str = "") -> Call[str]:
    """Say that a worker lives, by Redis's clock. What an operator wants of it, or "".

    It is answered again until it comes back as ``heeded``.
    """
    argv: dict[str, Arg] = {"now": now, "worker": worker, "about": about, "heeded": heeded}
    return make_call("beat", fleet, argv, lambda raw: text(raw[1]))


def order(fleet: Keys, worker: str, word: str, *, now: str = "") -> Call[bool]:
    """Tell a worker to be quiet, to resume or to stop; False where there is no such worker."""
    return make_call("order", fleet, {"now": now, "worker": worker, "order": word}, bool)


def append_audit(fleet: Keys, actor: str, done: Operation, nonce: str, *, now: str = "") -> Call[None]:
    """Who did what: an entry of the audit."""
    written = (actor[:_SHORT], done.action, done.target[:_SHORT], done.changed, done.detail[:_SHORT])
    argv: dict[str, Arg] = {"now": now, "nonce": nonce, "entry": msgspec.json.encode(written), "keep": _KEPT}
    return make_call("append_audit", fleet, argv, _nothing)


def _nothing(_: Any) -> None:
    return None
