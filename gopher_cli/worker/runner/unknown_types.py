"""Leased jobs that cannot be run here: a type without a handler, a record that cannot be read.

A job of an unknown type stands apart until a worker that knows it asks for it (unhandled_jobs). How long it
has waited stands in its own history, by Redis's clock, so it is the same for all workers and outlives each
of them; when some worker has run it, or an operator has brought it back from the dead letter queue, the
wait begins anew.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.history_outcome import HistoryOutcome, history_entry
from gopher_cli.model.job.job import Lease
from gopher_cli.model.job.outcome import Discarded, Unhandled
from gopher_cli.model.text.duration import format_duration
from gopher_cli.store.rows import read_history
from gopher_cli.worker.execution.settlement import End
from gopher_cli.worker.logs import say

_ASIDE = 0.05
_LATELY = 10.0
_AT_ONCE = 50
_NAMED = 100  # types that are named in the log


class UnknownTypes:
    """``add`` may be called from any thread; ``end`` is told what has come of each job."""

    def __init__(self, gopher: Gopher, patience: float, end: End) -> None:
        self._gopher = gopher
        self._patience = patience
        self._end = end
        self._found: deque[Lease] = deque()
        self._some = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._asking = 0
        self._last = -_LATELY
        self.types: set[str] = set()  # that were met here, and not known

    def add(self, lease: Lease) -> None:
        self._found.append(lease)
        self._loop.call_soon_threadsafe(self._some.set)

    @property
    def lately(self) -> bool:
        """Whether some have passed by, and may come again."""
        return time.monotonic() - self._last < _LATELY

    async def stand_aside(self) -> None:
        """Wait without an ear for the bell: it wakes one worker only, and another may know the type."""
        await asyncio.sleep(_ASIDE)

    @property
    def pending(self) -> int:
        return len(self._found) + self._asking

    async def run(self) -> None:
        """Until cancelled. What is left then is handed back with all else that its runner holds."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._found:
                await self._decide(self._take())

    def _take(self) -> list[Lease]:
        """The next ones of one queue."""
        queue, taken = self._found[0].queue, list[Lease]()
        while self._found and len(taken) < _AT_ONCE and self._found[0].queue == queue:
            taken.append(self._found.popleft())
        self._asking, self._last = len(taken), time.monotonic()
        return taken

    async def _decide(self, leases: list[Lease]) -> None:
        try:
            now, lines = await self._gopher.histories(leases[0].queue, [lease.id for lease in leases])
        except GopherError:
            now, lines = 0, []  # nobody knows how long they have waited: that is for the next look
        for n, lease in enumerate(leases):
            if lines:
                self._end(lease, *unhandled(lease, lines[n], now, self._patience))
            else:
                self._end(lease, Unhandled(0.0, self._patience), b"")
            if len(self.types) < _NAMED:
                self.types.add(lease.spec.type)
        self._asking = 0


def unhandled(lease: Lease, history: bytes, now: int, patience: float) -> tuple[Unhandled, bytes]:
    """Since when it waits stands in its history. And what that is to keep: each thing is told once."""
    last = read_history(history)[-1:]
    type = lease.spec.type
    if not last or last[0].outcome is not HistoryOutcome.UNKNOWN_TYPE:
        for_how_long = format_duration(patience)
        why = f"this worker has no handler for {type}; left to others, for {for_how_long} at most"
        return Unhandled(0.0, patience), _entry(lease, HistoryOutcome.UNKNOWN_TYPE, why)
    waited = max(1, now - last[0].at) / 1000
    why = f"no worker has a handler for {type}"
    given_up = _entry(lease, HistoryOutcome.NO_HANDLER, why)
    return Unhandled(waited, patience), b"" if waited < patience else given_up


def unreadable(lease: Lease, raw: bytes) -> tuple[Discarded, bytes]:
    """To the dead letter queue, with its bytes."""
    say("an unreadable job goes to the DLQ", logging.WARNING, id=lease.id, queue=lease.queue)
    error = "the stored record cannot be read"
    return Discarded(error), _entry(lease, HistoryOutcome.CORRUPT, error, raw_hex=raw[:2000].hex())


def _entry(lease: Lease, outcome: HistoryOutcome, error: str, **more: str) -> bytes:
    return history_entry(outcome, error, attempt=lease.attempt, **more)
