"""Leased jobs that cannot be run here: a type without a handler, a record that cannot be read."""

from __future__ import annotations

import time

import msgspec

from gopher_cli.model.job import JobState, Lease
from gopher_cli.model.outcome import Transition
from gopher_cli.store.calls import Settlement

PATIENCE = 3600.0
_AGAIN = 5.0


def unknown(lease: Lease) -> Settlement:
    """Left for a worker that knows the type; after an hour it goes to the dead letter queue."""
    if _age(lease.id) < PATIENCE:
        return Settlement(lease, Transition(JobState.SCHEDULED, _AGAIN, spent=False))
    said = {
        "attempt": lease.attempt,
        "outcome": "no handler",
        "error": f"no worker has a handler for {lease.spec.type}",
    }
    return Settlement(lease, Transition(JobState.FAILED), msgspec.json.encode(said))


def unreadable(lease: Lease, raw: bytes) -> Settlement:
    """To the dead letter queue, with its bytes."""
    said = {
        "attempt": lease.attempt,
        "outcome": "corrupt",
        "error": "the stored record cannot be read",
        "raw_hex": raw[:2000].hex(),
    }
    return Settlement(lease, Transition(JobState.FAILED), msgspec.json.encode(said))


def _age(id: str) -> float:
    """Seconds since a UUIDv7 was made; 0 for ids of another form."""
    head = id.replace("-", "")[:12]
    try:
        made = int(head, 16) / 1000 if len(id) == 36 and id[14] == "7" else time.time()
    except ValueError:
        return 0.0
    return time.time() - made
