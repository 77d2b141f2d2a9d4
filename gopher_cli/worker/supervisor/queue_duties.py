"""Duties for queues: leases are renewed, due jobs stand in line, what the dead have held goes back."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from asyncio import Event
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from gopher_cli.failpoints import underway
from gopher_cli.model.errors import BadData
from gopher_cli.verbs.schedule.ticker import Ticker
from gopher_cli.worker.logs import say
from gopher_cli.worker.messages import CancelJobs, DropJobs
from gopher_cli.worker.supervisor.crew import Crew
from gopher_cli.worker.supervisor.runner_process import RunnerProcess

LOOK = 0.3  # seconds between two looks for leases that have ended
RENEW = 0.45  # of a heartbeat: between two renewals
# Of a heartbeat, between the two looks that take a lease back: a living worker renews in that time.
_STRIKE = 0.6
_CARRY = 1.0  # seconds between two looks into the outbox, and how many times as long as a look takes
_SHARE = 10
_BREATH = 0.02  # seconds between two looks for due jobs, however many there are
_JUMP, _DOUBT = 60.0, 600.0  # seconds: such a leap of Redis's clock is believed after so long
_AGAIN = 1.0  # seconds between two looks at a queue with a schedule that cannot be read here
_AT_ONCE = 16  # calls under way: forty queues must not wait for each other's round trips


def longest_wait(lease: float, heartbeat: float) -> float:
    """Until a dead worker's jobs are back, s: its last lease ends, somebody looks, waits a strike, looks."""
    return lease + LOOK + heartbeat * _STRIKE + LOOK


class QueueDuties:
    """For the queues of one server, some at a time; ``asked`` is set when somebody wants a job cancelled, and
    ``ticks_due`` when schedules have something to do.

    In a cluster each queue may live elsewhere. So each has duties of its own there, and waits for no other.
    """

    def __init__(self, crew: Crew, queues: Sequence[str]) -> None:
        self.queues = queues
        self.renewed = time.monotonic()
        self.fenced = False
        self.asked, self.ticks_due = Event(), Event()
        self._crew = crew
        # By queue, and by expiry: when leases were first seen over with it, by our own clock.
        self._over: dict[str, dict[str, float]] = {}
        self._due_in = 60.0
        self._ticker = Ticker(crew.gopher, partial(say, level=logging.WARNING))
        self._to_tick = set[str]()
        self._unreadable: dict[str, float] = {}  # by queue: when it is looked at again, by our own clock
        self._ahead: float | None = None  # seconds, of Redis's clock to our own
        self._doubted = math.inf  # by our own clock: since when it has been further ahead

    async def _each(self, visit: Callable[[str], Awaitable[object]]) -> None:
        """One queue that is broken keeps nobody from the others; it is told of at the end."""
        await _all([partial(visit, queue) for queue in self.queues])

    async def renew(self) -> float | None:
        """Renew the leases of all runners; tell them what they have lost and what to cancel."""
        sent = time.monotonic()  # not when the answer comes: that may be late
        try:
            await _all(
                [
                    partial(self._renew, queue, runner, _begun(runner, number))
                    for runner in self._crew.runners
                    for number, queue in enumerate(self._crew.queues)
                    if queue in self.queues
                ]
            )
        except BadData:  # of one queue: the leases in the others live
            self.renewed = max(sent, self.renewed)
            raise
        self.renewed = max(sent, self.renewed)
        # A late answer tells nothing of the time since it was asked for: once more.
        return 0.0 if time.monotonic() - sent > self._crew.settings.heartbeat / 2 else None

    async def _renew(self, queue: str, runner: RunnerProcess, begun: Sequence[str]) -> None:
        """A worker that is told to stop may be killed before they end: that is not the fault of its jobs."""
        spared = self._crew.stopping.is_set()
        renewing = self._crew.gopher.renew(queue, runner.id, begun, spared=spared)
        answers = await underway("hb.sent", renewing)
        if answers.lost:
            runner.tell(DropJobs(answers.lost))
        if answers.cancel:
            runner.tell(CancelJobs(answers.cancel))

    async def tend(self) -> float:
        """Due jobs stand in line, and cancel requests are looked for.

        Again when the next job falls due, so that a retry is not a second late.
        """
        self._due_in = 60.0
        await self._each(self._tend)
        return max(self._due_in, _BREATH)

    async def _tend(self, queue: str) -> None:
        promotion = await underway("promote.sent", self._crew.gopher.promote_due(queue))
        self._compare(promotion.now / 1000)
        if promotion.cancels:
            self.asked.set()
        if promotion.next_due is not None:
            self._due_in = min(self._due_in, (promotion.next_due - promotion.now) / 1000)
        self._ticker.note_clock(promotion.now)
        if promotion.next_tick is not None:
            self._see_tick(queue, (promotion.next_tick - promotion.now) / 1000)

    def _see_tick(self, queue: str, seconds: float) -> None:
        """The first tick of this queue is due in so many seconds."""
        if seconds > 0:
            self._due_in = min(self._due_in, seconds)
        late = seconds <= 0 and time.monotonic() >= self._unreadable.get(queue, 0)
        if late or self._ticker.must_check(queue):
            self._to_tick.add(queue)
            self.ticks_due.set()

    async def tick(self) -> None:
        """Due ticks of schedules become jobs. A duty of its own: a full memory refuses these alone."""
        while queues := self._to_tick:
            self._to_tick = set()
            await _all([partial(self._tick, queue) for queue in queues])

    async def _tick(self, queue: str) -> None:
        if await self._ticker.tick(queue):
            self._unreadable[queue] = time.monotonic() + _AGAIN

    async def carry(self) -> float:
        """Follow-ups go their way that nobody has carried yet: their queues may be out of reach.

        So nothing else waits for this, and where there are many of them it is done less often.
        """
        began = time.monotonic()
        await self._each(self._crew.gopher.relay)
        return max(_CARRY, _SHARE * (time.monotonic() - began))

    async def reclaim(self) -> None:
        """Two strikes: a lease is taken back when it was seen expired before, a strike ago.

        If it is we who stood still meanwhile, a heartbeat first: it may be one of our own.
        """
        await self._each(self._reclaim)

    async def _reclaim(self, queue: str) -> None:
        strike = self._crew.settings.heartbeat * _STRIKE
        known, now = self._over.get(queue, {}), time.monotonic()
        ripe = [expiry for expiry, seen in known.items() if now - seen >= strike and self.renewed > seen]
        over = await underway("reclaim.sent", self._crew.gopher.reclaim(queue, ripe))
        self._over[queue] = {expiry: known.get(expiry, now) for expiry in over}

    async def tidy(self) -> None:
        """What was kept long enough goes, but for nothing that only a leap of Redis's clock has made old."""
        await self._each(self._tidy)

    async def _tidy(self, queue: str) -> None:
        await self._tend(queue)  # what time is it there now?
        if self._doubted == math.inf:
            await self._crew.gopher.expire(queue)

    def _compare(self, redis_time: float) -> None:
        """If its clock has leapt forward, that may be a mistake: for some minutes it makes nothing old."""
        now = time.monotonic()
        ahead = redis_time - now
        if self._ahead is None or ahead - self._ahead < _JUMP or now - self._doubted >= _DOUBT:
            self._ahead, self._doubted = ahead, math.inf
        elif self._doubted == math.inf:
            self._doubted = now
            say("Redis's clock has leapt forward: nothing expires for some minutes", logging.WARNING)

    async def sample(self) -> None:
        """How each queue stands is noted, once a minute."""
        await self._each(self._crew.gopher.sample)


async def _all(visits: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Some at a time. Each is made; what was wrong with one is raised at the end, what is broken last."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def made(visit: Callable[[], Awaitable[object]]) -> None:
        async with room:
            await visit()

    answers = await asyncio.gather(*map(made, visits), return_exceptions=True)
    wrong = [error for error in answers if isinstance(error, BaseException)]
    for error in sorted(wrong, key=lambda error: isinstance(error, BadData)):
        raise error


def _begun(runner: RunnerProcess, queue: int) -> list[str]:
    """The jobs of this queue that have begun to run there."""
    return runner.board.begun(queue) if runner.ready else []
