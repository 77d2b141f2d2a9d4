"""The supervisor's duties, each on its own clock: heartbeat, due jobs, dead workers, expiry."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from gopher_cli.failpoints import underway
from gopher_cli.model.errors import BadData, GopherError, TryLater, Unavailable
from gopher_cli.worker.logs import say
from gopher_cli.worker.silence import Silence
from gopher_cli.worker.upkeep import Upkeep

if TYPE_CHECKING:
    from gopher_cli.worker.supervisor import Supervisor


_AWAY = (Unavailable, TryLater)
_GLANCE = 0.25  # seconds between two looks of the guard
_STOOD_STILL = 1.5  # seconds between two looks that tell that this process was stopped, or starved
_BREATH = 0.02  # seconds between two looks for due jobs, however many there are


class Care:
    """Every duty is a script that anybody may run at any time: no leader, no lock."""

    def __init__(self, worker: Supervisor) -> None:
        self._worker = worker
        # By queue, and by (id, expiry): when a lease was first seen expired, by our own clock.
        self._suspects: dict[str, dict[tuple[str, str], float]] = {}
        self._renewed = time.monotonic()
        self._fenced = False
        self._failing: dict[str, str] = {}  # by duty: what is wrong with it
        self._asked = asyncio.Event()
        self._silence = Silence()
        self._due_in = 60.0

    def duties(self) -> list[Coroutine[Any, Any, None]]:
        beat = self._worker.settings.heartbeat
        return [
            # More often than a strike: a living worker renews between two of them.
            self._every(beat * 0.7, self.renew, hurry=self._asked, again=beat / 5),
            self._every(1.0, self.tend),
            self._every(0.3, self.reclaim),
            self._every(10.0, self.tidy),
            self._every(10.0, self.bury_the_dead),
            self._every(1.0, self.beat),
            self._every(beat * 2, Upkeep(self._worker).stand),
            self._every(1.0, self._worker.end_overdue),
            self._guard(),
        ]

    async def _every(
        self,
        seconds: float,
        duty: Callable[[], Awaitable[float | None]],
        hurry: asyncio.Event | None = None,
        again: float | None = None,
    ) -> None:
        """Again and again, a little unevenly so that a fleet spreads out. Redis away is no reason to end.

        A duty may answer in how many seconds it is wanted again, if that is sooner; ``again`` is in how
        many when it could not be done.
        """
        while True:
            sooner = again
            try:
                sooner = await duty()
                self._done(duty.__name__)
            except GopherError as error:
                self._missed(duty.__name__, str(error), away=isinstance(error, _AWAY))
            except Exception as error:  # no fault of ours may end the heartbeat
                self._missed(duty.__name__, f"{duty.__name__}: {type(error).__name__}: {error}")
            pause = seconds * random.uniform(0.8, 1.0)
            if sooner is not None:
                pause = min(pause, sooner)
            if hurry is None:
                await asyncio.sleep(pause)
                continue
            hurry.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(hurry.wait(), pause)

    def _missed(self, duty: str, why: str, *, away: bool = False) -> None:
        """Said once, however many duties meet it, however often."""
        if why not in self._failing.values():
            say(why, logging.ERROR)
        self._failing["redis" if away else duty] = why

    def _done(self, duty: str) -> None:
        if self._failing:
            if self._failing.pop("redis", None):
                say("Redis is back")
            self._failing.pop(duty, None)

    async def renew(self) -> None:
        """Renew the leases of all runners; tell them what they have lost and what to cancel."""
        sent = time.monotonic()  # not when the answer comes: that may be late
        try:
            await self._in_each_queue(self._renew)
        except BadData:  # of one queue: the leases in the others live
            self._renewed, self._fenced = max(sent, self._renewed), False
            raise
        self._renewed, self._fenced = max(sent, self._renewed), False

    async def _renew(self, queue: str) -> None:
        for runner in list(self._worker.runners):
            said = await underway("hb.sent", self._worker.gopher.renew(queue, runner.id))
            if said.lost:
                runner.tell(lost=said.lost)
            if said.cancel:
                runner.tell(cancel=said.cancel)

    async def _in_each_queue(self, visit: Callable[[str], Awaitable[None]]) -> None:
        """One queue that is broken keeps nobody from the others; it is told of at the end."""
        broken: BadData | None = None
        for queue in self._worker.queues:
            try:
                await visit(queue)
            except BadData as error:
                broken = broken or error
        if broken is not None:
            raise broken

    async def _guard(self) -> None:
        """Redis away for almost a lease: others may soon run our jobs, so ours must stop before.

        If it is we who stood still, that says nothing of Redis: a heartbeat first. It keeps what nobody
        has taken meanwhile, and tells what was.
        """
        settings, looked = self._worker.settings, time.monotonic()
        while True:
            await asyncio.sleep(_GLANCE)
            if time.monotonic() - looked > _STOOD_STILL:
                await self._catch_up(settings.heartbeat / 2)
            looked = time.monotonic()
            silence = looked - self._renewed
            if silence > settings.lease:
                self._worker.end_unleased()
            elif silence > settings.lease - settings.heartbeat / 2 and not self._fenced:
                self._fenced = True
                for runner in self._worker.runners:
                    runner.tell(fence=True)
                say("no heartbeat for almost a lease: running jobs are interrupted", logging.ERROR)

    async def _catch_up(self, seconds: float) -> None:
        with contextlib.suppress(GopherError, TimeoutError):
            await asyncio.wait_for(self.renew(), seconds)

    async def tend(self) -> float:
        """Due jobs stand in line, follow-ups go their way, cancel requests are looked for.

        Again when the next job falls due, so that a retry is not a second late.
        """
        self._due_in = 60.0
        await self._in_each_queue(self._tend)
        return max(self._due_in, _BREATH)

    async def _tend(self, queue: str) -> None:
        promotion = await underway("promote.sent", self._worker.gopher.promote(queue))
        if promotion.cancels:
            self._asked.set()
        if promotion.next_due is not None:
            self._due_in = min(self._due_in, (promotion.next_due - promotion.now) / 1000)
        await self._worker.gopher.relay(queue)

    async def reclaim(self) -> None:
        """Two strikes: a lease is taken back when it was seen expired before, a heartbeat (less a bit) ago.

        lease + look + strike + look: 15 + 0.3 + 4 + 0.3 s at the most.
        """
        await self._in_each_queue(self._reclaim)

    async def _reclaim(self, queue: str) -> None:
        strike = self._worker.settings.heartbeat * 0.8
        known, now = self._suspects.get(queue, {}), time.monotonic()
        ripe = [suspect for suspect, seen in known.items() if now - seen >= strike]
        expired = await underway("reclaim.sent", self._worker.gopher.reclaim(queue, ripe))
        self._suspects[queue] = {suspect: known.get(suspect, now) for suspect in expired}

    async def tidy(self) -> None:
        await self._in_each_queue(self._expire)

    async def _expire(self, queue: str) -> None:
        await self._worker.gopher.expire(queue)

    async def bury_the_dead(self) -> None:
        silent = await self._worker.gopher.silent()
        silent.pop(self._worker.id, None)
        if dead := self._silence.dead(silent, time.monotonic()):
            await self._worker.gopher.bury_the_dead(dead)

    async def beat(self) -> None:
        await self._worker.gopher.beat(self._worker.id, self._worker.about())
