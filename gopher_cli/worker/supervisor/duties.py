"""The supervisor's duties, each on its own clock: for its queues, for the fleet, and for its runners."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from gopher_cli.model.errors import GopherError, MemoryFull
from gopher_cli.worker.logs import say
from gopher_cli.worker.messages import Fence
from gopher_cli.worker.queue_groups import apart
from gopher_cli.worker.supervisor.crew import Crew
from gopher_cli.worker.supervisor.dead_workers import DeadWorkers
from gopher_cli.worker.supervisor.orders import Orders
from gopher_cli.worker.supervisor.overdue_jobs import OverdueJobs
from gopher_cli.worker.supervisor.periodic import Periodic
from gopher_cli.worker.supervisor.queue_duties import LOOK, RENEW, QueueDuties
from gopher_cli.worker.supervisor.recall import LOOK as LOOK_AT_RUNNERS
from gopher_cli.worker.supervisor.recall import RunnerRecall
from gopher_cli.worker.supervisor.registration import REVIVE, Registration
from gopher_cli.worker.supervisor.worker_status import status_of

_GLANCE = 0.25  # seconds between two looks of the guard
_STOOD_STILL = 1.5  # seconds between two looks that tell that this process was stopped, or starved


class Duties:
    """Every duty is a script that anybody may run at any time: no leader, no lock."""

    def __init__(self, crew: Crew, orders: Orders) -> None:
        self._crew, self._orders = crew, orders
        self._overdue = OverdueJobs(crew)
        self._periodic = Periodic()
        self._dead_workers = DeadWorkers()
        self._heeded = ""  # the last order of an operator
        self.queue_duties = [QueueDuties(crew, queues) for queues in apart(crew.gopher, crew.queues)]

    def duties(self) -> list[Coroutine[Any, Any, None]]:
        every, beat = self._periodic.every, self._crew.settings.heartbeat
        fleet, registration = self._place(None), Registration(self._crew)
        return [
            every(10.0, self.bury_the_dead, fleet),
            every(1.0, self.beat, fleet),
            every(beat * 2, registration.stand, fleet),
            every(1.0, self._overdue.end_overdue, "here"),
            every(LOOK_AT_RUNNERS, RunnerRecall(self._crew).look, "here"),
            self._guard(),
            self._hasten(),
            *([every(REVIVE, registration.revive, "the built-in server")] if registration.revives else []),
            *(duty for duties in self.queue_duties for duty in self._duties_for(duties)),
        ]

    def _duties_for(self, duties: QueueDuties) -> list[Coroutine[Any, Any, None]]:
        every, beat, place = self._periodic.every, self._crew.settings.heartbeat, self._place(duties)
        return [
            every(beat * RENEW, duties.renew, place, hurry=duties.asked, again=beat / 5),
            every(1.0, duties.tend, place),
            every(60.0, duties.tick, place, hurry=duties.ticks_due),
            every(1.0, duties.carry, place),
            every(LOOK, duties.reclaim, place),
            every(10.0, duties.tidy, place),
            every(15.0, duties.sample, place),
        ]

    async def if_there_is_room(self, telling: Coroutine[Any, Any, None]) -> bool:
        """What the fleet hears of us at the start; where memory is full, `Registration` tells it later."""
        try:
            await telling
        except MemoryFull as error:
            self._periodic.missed(Registration.stand.__name__, self._place(None), error)
            return False
        return True

    def _place(self, duties: QueueDuties | None) -> str:
        """Where these queues live, or what the fleet knows: all at one place, unless it is a cluster."""
        if not self._crew.gopher.store.scattered:
            return ""
        return f"queue {duties.queues[0]}" if duties else "fleet"

    async def _hasten(self) -> None:
        """When the worker is told to stop, Redis hears of it at once: see QueueDuties."""
        await self._crew.stopping.wait()
        for duties in self.queue_duties:
            duties.asked.set()

    async def _guard(self) -> None:
        """Redis away for almost a lease: others may soon run our jobs, so ours must stop before.

        If it is we who stood still, that says nothing of Redis: a heartbeat first. It keeps what nobody
        has taken meanwhile, and tells what was.
        """
        looked = time.monotonic()
        while True:
            await asyncio.sleep(_GLANCE)
            if time.monotonic() - looked > _STOOD_STILL:
                await self._catch_up(self.queue_duties, self._crew.settings.heartbeat / 2)
            looked = time.monotonic()
            await self._look(looked)

    async def _look(self, now: float) -> None:
        settings = self._crew.settings
        warned = settings.lease - settings.heartbeat / 2
        over = [duties for duties in self.queue_duties if now - duties.renewed > settings.lease]
        if over:
            await self._end(over)
        late: list[str] = []
        for duties in self.queue_duties:
            silent = now - duties.renewed > warned
            if silent and not duties.fenced and duties not in over:
                late += duties.queues
            duties.fenced = silent
        if late:
            self._fence(late)

    async def _end(self, over: Sequence[QueueDuties]) -> None:
        """What has heard nothing of it, or does not heed it, ends with its process."""
        if not self._crew.who_runs(_queues(over)):
            return
        # Redis may be back this very moment, and have given us what runs now.
        await self._catch_up(over, _GLANCE)
        lease, now = self._crew.settings.lease, time.monotonic()
        self._crew.end_unleased(_queues([duties for duties in over if now - duties.renewed > lease]))

    def _fence(self, queues: list[str]) -> None:
        for runner in self._crew.runners:
            runner.tell(Fence(queues))
        why = "no heartbeat for almost a lease: running jobs are interrupted"
        say(why, logging.ERROR, queues=",".join(queues))

    async def _catch_up(self, some: Sequence[QueueDuties], seconds: float) -> None:
        await asyncio.gather(*(self._renewed(duties, seconds) for duties in some))

    @staticmethod
    async def _renewed(duties: QueueDuties, seconds: float) -> None:
        with contextlib.suppress(GopherError, TimeoutError):
            async with asyncio.timeout(seconds):
                await duties.renew()

    async def bury_the_dead(self) -> None:
        silent = await self._crew.gopher.silent()
        silent.pop(self._crew.id, None)
        if dead := self._dead_workers.dead(silent, time.monotonic()):
            await self._crew.gopher.bury_the_dead(dead)

    async def beat(self) -> None:
        crew = self._crew
        order = await crew.gopher.beat(crew.id, status_of(crew), self._heeded)
        if order and order != self._heeded:
            self._heeded = order
            self._orders.obey(order.rpartition(" ")[2])


def _queues(some: Sequence[QueueDuties]) -> list[str]:
    return [queue for duties in some for queue in duties.queues]
