"""Leased jobs that cannot be run here: a type without a handler, a record that cannot be read."""

from __future__ import annotations

import msgspec

from gopher_cli.model.job import JobState, Lease
from gopher_cli.model.outcome import Transition
from gopher_cli.store.calls import Settlement

PATIENCE = 3600.0
_AGAIN = 5.0
_MOST = 10_000


class Strays:
    """Jobs of types that are unknown here, and since when: a job may be old when its time has come."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def unknown(self, lease: Lease, now: float) -> Settlement:
        """Left for a worker that knows the type; after an hour it goes to the dead letter queue."""
        since = self._since.setdefault(lease.id, now)
        if len(self._since) > _MOST:
            del self._since[next(iter(self._since))]
        if now - since < PATIENCE:
            return Settlement(lease, Transition(JobState.SCHEDULED, _AGAIN, spent=False))
        self._since.pop(lease.id, None)
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
