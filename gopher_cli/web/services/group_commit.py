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


class _Seat(NamedTuple):
    job: Job
    done: asyncio.Future[Receipt]
    weight: int  # bytes
    until: float  # by the clock of the loop


@dataclass(slots=True)
class _Line:
    """Those who wait to be submitted to one queue at one level of durability, in the order they came."""

    waiting: deque[_Seat] = field(default_factory=deque)
    sent: list[list[_Seat]] = field(default_factory=list)  # with the calls that are on their way
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
        line.waiting.append(_Seat(job, done, weight, loop.time() + PATIENCE + self._more(durability)))
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
            for seats in (*line.sent, line.waiting):
                for seat in takewhile(lambda seat: seat.until <= loop.time(), seats):
                    if not seat.done.done():
                        seat.done.set_exception(Unavailable("Redis does not answer in time"))
        self._alarm = loop.call_later(_STEP, self._look) if self._lines else None

    def _more(self, durability: str) -> float:
        return 0.0 if durability == "memory" else self._patience

    async def _drain(self, name: tuple[str, str], line: _Line) -> None:
        try:
            while line.waiting:
                async with self._calls:
                    if seats := self._next(line):
                        line.sent.append(seats)
                        await self._send(seats, name[1])
                        line.sent.remove(seats)
                        if len(seats) >= _CROWD:
                            await asyncio.sleep(_GATHER)
        finally:
            line.calls -= 1
            if not line.calls:
                del self._lines[name]
                for seat in line.waiting:  # only when the server is about to end
                    seat.done.cancel()

    def _next(self, line: _Line) -> list[_Seat]:
        """Those at the head of the line who are still there, as many as one call takes."""
        seats: list[_Seat] = []
        size = 0
        while line.waiting and len(seats) < LIMIT:
            seat = line.waiting[0]
            if seats and size + seat.weight > ROUND_TRIP_BYTES:
                break
            line.waiting.popleft()
            if not seat.done.done():
                seats.append(seat)
                size += seat.weight
        return seats

    async def _send(self, seats: list[_Seat], durability: str) -> None:
        work = self._gopher.submit_many([seat.job for seat in seats], durability=durability)
        try:
            receipts = await soon(work, self._more(durability))
        except asyncio.CancelledError:
            for seat in seats:
                seat.done.cancel()
            raise
        except Exception as error:
            if not isinstance(error, GopherError) and len(seats) > 1:
                await self._apart(seats, durability)
                return
            for seat in seats:
                if not seat.done.done():
                    seat.done.set_exception(error)
            return
        for seat, receipt in zip(seats, receipts, strict=True):
            if not seat.done.done():
                seat.done.set_result(receipt)

    async def _apart(self, seats: list[_Seat], durability: str) -> None:
        """One of them is the matter: let it be nobody else's."""
        for seat in seats:
            if not seat.done.done():
                await self._send([seat], durability)
