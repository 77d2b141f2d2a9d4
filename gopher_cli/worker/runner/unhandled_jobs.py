"""Jobs that stand apart, because who took them had no handler: asked for by a runner just before it fetches.

It asks for its own types alone, and for about as many as it has room for. So they go to a worker that can run
them in the next moment, and are hardly taken by one that cannot.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from gopher_cli.gopher import Gopher
from gopher_cli.store.calls import Batch

_PAUSE = (0.05, 1.0)  # seconds until it asks again where nothing came of it: soon at first
_SOME = 100  # so many stand in line then at least: others may be served before them


class UnhandledJobs:
    """By queue, as its fetches tell; ``patience`` (s) is when a job that nobody knows is given up."""

    def __init__(self, gopher: Gopher, types: Collection[str], patience: float) -> None:
        self._gopher = gopher
        self._types = sorted(types)
        self._patience = patience
        self._ask_at: dict[str, float] = {}  # 0 at once, which is so at first and while it bears fruit
        self._asked_for: dict[str, set[str]] = {}  # and not come yet
        self._bore: set[str] = set()  # queues where some of them have come since it asked
        self._pause: dict[str, float] = {}
        self._behind: set[str] = set()  # queues where others are served before them

    async def requeue_unhandled(self, queue: str, count: int) -> None:
        """Before a fetch of so many. Raises what the store raises."""
        at = self._ask_at.get(queue)
        if at is None or time.monotonic() < at:
            return
        most = max(count, _SOME) if queue in self._behind else count
        pause = self._pause.get(queue, _PAUSE[0])
        self._ask_at[queue], self._pause[queue] = time.monotonic() + pause, min(2 * pause, _PAUSE[1])
        requeued = await self._gopher.requeue_unhandled(queue, self._types, self._patience, limit=most)
        self._asked_for[queue] = set(requeued)
        self._bore.discard(queue)

    def hear(self, queue: str, batch: Batch, count: int) -> bool:
        """What a fetch of so many has brought; whether to fetch again at once."""
        if not batch.unhandled:
            self._ask_at.pop(queue, None)
            return False
        asked_for, leased = self._asked_for.get(queue, set()), {lease.id for lease in batch.leases}
        full = len(leased) >= count
        if asked_for & leased:
            self._bore.add(queue)
            self._pause[queue] = _PAUSE[0]
        (self._behind.add if full and asked_for and not asked_for & leased else self._behind.discard)(queue)
        asked_for -= leased
        if queue not in self._ask_at or (queue in self._bore and not (full and asked_for)):
            self._ask_at[queue] = 0.0
        return not (batch.leases or batch.unreadable) and time.monotonic() >= self._ask_at[queue]

    def wait(self) -> float:
        """In how many seconds some are to be asked for; inf where nobody stands apart."""
        return max(0.0, min(self._ask_at.values(), default=float("inf")) - time.monotonic())
