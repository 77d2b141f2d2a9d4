"""The call that notes how a queue stands; ``store/asks/samples.py`` reads what was noted."""

from __future__ import annotations

from gopher_cli.store.calls.call import Call, make_call
from gopher_cli.store.keyspace import Keys


def sample(keys: Keys, *, keep: int = 24 * 60, now: str = "") -> Call[bool]:
    """Whether this minute was noted now; False where it was already. ``keep`` in minutes."""
    return make_call("sample", keys, {"now": now, "keep": keep}, lambda raw: bool(raw[1]))
