"""Which queues may wait for each other, and which may not."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.gopher import Gopher


def apart(gopher: Gopher, queues: Sequence[str]) -> list[Sequence[str]]:
    """All in one group. In a cluster each by itself, for its server may be away when others are there."""
    return [[queue] for queue in queues] if gopher.store.scattered else [queues]
