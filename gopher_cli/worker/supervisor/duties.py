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
        self._rounds = Periodic()
        self._silence = DeadWorkers()
        self._heeded = ""  # the last order of an operator
        self.visits = [QueueDuties(crew, queues) for queues in apart(crew.gopher, crew.queues)]

    def duties(self) -> list[Coroutine[Any, Any, None]]:
        every, beat = self._rounds.every, self._crew.settings.heartbeat
        fleet, upkeep = self._place(None), Registration(self._crew)
        return [
            every(10.0, self.bury_the_dead, fleet),
            every(1.0, self.beat, fleet),
            every(beat * 2, upkeep.stand, fleet),
            every(1.0, self._overdue.end_overdue, "here"),
            every(LOOK_AT_RUNNERS, RunnerRecall(self._crew).look, "here"),
            self._guard(),
            self._hasten(),
            *([every(REVIVE, upkeep.revive, "the built-in server")] if upkeep.revives else []),
            *(duty for visits in self.visits for duty in self._duties_for(visits)),
        ]

    def _duties_for(self, visits: QueueDuties) -> list[Coroutine[Any, Any, None]]:
        every, beat, place = self._rounds.every, self._crew.settings.heartbeat, self._place(visits)
        return [
            every(beat * RENEW, visits.renew, place, hurry=visits.asked, again=beat / 5),
            every(1.0, visits.tend, place),
            every(60.0, visits.tick, place, hurry=visits.ticks_due),
            every(1.0, visits.carry, place),
            every(LOOK, visits.reclaim, place),
            every(10.0, visits.tidy, place),
            every(15.0, visits.sample, place),
        ]

    async def if_there_is_room(self, telling: Coroutine[Any, Any, None]) -> bool:
        """What the fleet hears of us at the start; where memory is full, `Registration` tells it later."""
        try:
            await telling
        except MemoryFull as error:
            self._rounds.missed(Registration.stand.__name__, self._place(None), error)
            return False
        return True

    def _place(self, visits: QueueDuties | None) -> str:
        """Where these queues live, or what the fleet knows: all at one place, unless it is a cluster."""
        if not self._crew.gopher.store.scattered:
            return ""
        return f"queue {visits.queues[0]}" if visits else "fleet"

    async def _hasten(self) -> None:
        """When the worker is told to stop, Redis hears of it at once: see QueueDuties."""
        await self._crew.stopping.wait()
        for visits in self.visits:
            visits.asked.set()

    async def _guard(self) -> None:
        """Redis away for almost a lease: others may soon run our jobs, so ours must stop before.

        If it is we who stood still, that says nothing of Redis: a heartbeat first. It keeps what nobody
        has taken meanwhile, and tells what was.
        """
        looked = time.monotonic()
        while True:
            await asyncio.sleep(_GLANCE)
            if time.monotonic() - looked > _STOOD_STILL:
                await self._catch_up(self.visits, self._crew.settings.heartbeat / 2)
            looked = time.monotonic()
            await self._look(looked)

    async def _look(self, now: float) -> None:
        settings = self._crew.settings
        warned = settings.lease - settings.heartbeat / 2
        over = [visits for visits in self.visits if now - visits.renewed > settings.lease]
        if over:
            await self._end(over)
        late: list[str] = []
        for visits in self.visits:
            silent = now - visits.renewed > warned
            if silent and not visits.fenced and visits not in over:
                late += visits.queues
            visits.fenced = silent
        if late:
            self._fence(late)

    async def _end(self, over: Sequence[QueueDuties]) -> None:
        """What has heard nothing of it, or does not heed it, ends with its process."""
        if not self._crew.who_runs(_queues(over)):
            return
        # Redis may be back this very moment, and have given us what runs now.
        await self._catch_up(over, _GLANCE)
        lease, now = self._crew.settings.lease, time.monotonic()
        self._crew.end_unleased(_queues([visits for visits in over if now - visits.renewed > lease]))

    def _fence(self, queues: list[str]) -> None:
        for runner in self._crew.runners:
            runner.tell(Fence(queues))
        why = "no heartbeat for almost a lease: running jobs are interrupted"
        say(why, logging.ERROR, queues=",".join(queues))

    async def _catch_up(self, some: Sequence[QueueDuties], seconds: float) -> None:
        await asyncio.gather(*(self._renewed(visits, seconds) for visits in some))

    @staticmethod
    async def _renewed(visits: QueueDuties, seconds: float) -> None:
        with contextlib.suppress(GopherError, TimeoutError):
            async with asyncio.timeout(seconds):
                await visits.renew()

    async def bury_the_dead(self) -> None:
        silent = await self._crew.gopher.silent()
        silent.pop(self._crew.id, None)
        if dead := self._silence.dead(silent, time.monotonic()):
            await self._crew.gopher.bury_the_dead(dead)

    async def beat(self) -> None:
        crew = self._crew
        order = await crew.gopher.beat(crew.id, status_of(crew), self._heeded)
        if order and order != self._heeded:
            self._heeded = order
            self._orders.obey(order.rpartition(" ")[2])


def _queues(some: Sequence[QueueDuties]) -> list[str]:
    return [queue for visits in some for queue in visits.queues]
