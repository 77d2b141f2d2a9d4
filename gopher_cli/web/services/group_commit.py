"""Submits that come at the same time go to Redis together: one script call for many clients.

While one call is on its way, the next ones gather. So the slower Redis is to confirm (a disk, a replica),
the more share one confirmation. Each client hears what became of its own job.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError, TryLater, Unavailable
from gopher_cli.model.job.job import Job
from gopher_cli.store.calls import LIMIT, Receipt
from gopher_cli.verbs.submit import ROUND_TRIP_BYTES
from gopher_cli.web.server.problems import PATIENCE, soon

_MOST = 5_000  # jobs that may wait in all
_MOST_BYTES = 64 * 1024 * 1024
_SAFELY = 4  # calls that wait for a disk or a replica at once: its next sync is for all of them
_CALLS = 64  # on their way at once, of all the lines: who names a new queue each time opens no end of them
# Where many come at once, waiting a moment for more of them costs each less than a call of its own.
_CROWD, _GATHER = 4, 0.001  # jobs in one call; seconds
_STEP = 0.05  # seconds between two looks at who has waited too long


class _Entry(NamedTuple):
    job: Job
    done: asyncio.Future[Receipt]
    weight: int  # bytes
    until: float  # by the clock of the loop


@dataclass(slots=True)
class _Line:
    """Those who wait to be submitted to one queue at one level of durability, in the order they came."""

    waiting: deque[_Entry] = field(default_factory=deque)
    sent: list[list[_Entry]] = field(default_factory=list)  # with the calls that are on their way
    calls: int = 0


class GroupCommit:
    """``patience`` (s) is what a disk or a replica may take longer than memory.

    While Redis is ``away`` one call tries, and nobody gathers behind it.
    """

    def __init__(self, gopher: Gopher, patience: float, away: Callable[[], bool] = lambda: False) -> None:
        self._gopher, self._patience, self._away = gopher, patience, away
        self._lines: dict[tuple[str, str], _Line] = {}
        self._jobs = self._bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls = asyncio.Semaphore(_CALLS)
        self._alarm: asyncio.TimerHandle | None = None

    async def submit(self, job: Job, durability: str) -> Receipt:
        """What became of this job. Raises as `Gopher.submit_many`, and TryLater when too many wait.

        Who stops waiting takes nothing from the others. What has not been sent by then never is.
        """
        durability = durability or self._gopher.defaults.durability
        weight = len(memoryview(job.spec.payload))
        if self._jobs >= _MOST or self._bytes + weight > _MOST_BYTES:
            raise TryLater(f"{self._jobs} submits wait for Redis")
        if self._lines and self._away():
            raise Unavailable("Redis is away")
        line = self._lines.setdefault((job.queue, durability), _Line())
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Receipt] = loop.create_future()
        line.waiting.append(_Entry(job, done, weight, loop.time() + PATIENCE + self._more(durability)))
        if line.calls < (1 if durability == "memory" else _SAFELY):
            line.calls += 1
            task = asyncio.create_task(self._drain((job.queue, durability), line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._alarm is None:
            self._look()
        self._jobs += 1
        self._bytes += weight
        try:
            return await done
        finally:
            self._jobs -= 1
            self._bytes -= weight

    def _look(self) -> None:
        """Who has waited too long hears so, in line or on the way: one alarm for all of them."""
        loop = asyncio.get_running_loop()
        for line in self._lines.values():
            for entries in (*line.sent, line.waiting):
                for entry in takewhile(lambda entry: entry.until <= loop.time(), entries):
                    if not entry.done.done():
                        entry.done.set_exception(Unavailable("Redis does not answer in time"))
        self._alarm = loop.call_later(_STEP, self._look) if self._lines else None

    def _more(self, durability: str) -> float:
        return 0.0 if durability == "memory" else self._patience

    async def _drain(self, name: tuple[str, str], line: _Line) -> None:
        try:
            while line.waiting:
                async with self._calls:
                    if entries := self._next(line):
                        line.sent.append(entries)
                        await self._send(entries, name[1])
                        line.sent.remove(entries)
                        if len(entries) >= _CROWD:
                            await asyncio.sleep(_GATHER)
        finally:
            line.calls -= 1
            if not line.calls:
                del self._lines[name]
                for entry in line.waiting:  # only when the server is about to end
                    entry.done.cancel()

    def _next(self, line: _Line) -> list[_Entry]:
        """Those at the head of the line who are still there, as many as one call takes."""
        entries: list[_Entry] = []
        size = 0
        while line.waiting and len(entries) < LIMIT:
            entry = line.waiting[0]
            if entries and size + entry.weight > ROUND_TRIP_BYTES:
                break
            line.waiting.popleft()
            if not entry.done.done():
                entries.append(entry)
                size += entry.weight
        return entries

    async def _send(self, entries: list[_Entry], durability: str) -> None:
        work = self._gopher.submit_many([entry.job for entry in entries], durability=durability)
        try:
            receipts = await soon(work, self._more(durability))
        except asyncio.CancelledError:
            for entry in entries:
                entry.done.cancel()
            raise
        except Exception as error:
            if not isinstance(error, GopherError) and len(entries) > 1:
                await self._apart(entries, durability)
                return
            for entry in entries:
                if not entry.done.done():
                    entry.done.set_exception(error)
            return
        for entry, receipt in zip(entries, receipts, strict=True):
            if not entry.done.done():
                entry.done.set_result(receipt)

    async def _apart(self, entries: list[_Entry], durability: str) -> None:
        """One of them is the matter: let it be nobody else's."""
        for entry in entries:
            if not entry.done.done():
                await self._send([entry], durability)
