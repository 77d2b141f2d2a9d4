"""The supervisor: starts runners, keeps their leases alive, replaces them when they die, stops them well.

It never runs user code, so nothing that a handler does can starve a heartbeat.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Collection, Sequence

from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, GopherError
from gopher_cli.model.facts import Fact, JobsReclaimed
from gopher_cli.process_setup import TOGETHER, reset_signals
from gopher_cli.verbs.read.queue_guess import doubts
from gopher_cli.worker import logs
from gopher_cli.worker.logs import say
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.process_lock import ProcessLock
from gopher_cli.worker.supervisor.crew import Crew
from gopher_cli.worker.supervisor.duties import Duties
from gopher_cli.worker.supervisor.orders import Orders
from gopher_cli.worker.supervisor.registration import publish
from gopher_cli.worker.supervisor.runner_exit import RunnerExits
from gopher_cli.worker.supervisor.runner_process import RunnerKilled, RunnerProcess, share_slots

_RESTARTS = 5  # in a minute, before a crashing runner is given a pause
_PAUSE = 5.0


class Supervisor:
    def __init__(self, gopher: Gopher, settings: Settings, options: WorkerOptions) -> None:
        self.crew = Crew.create(gopher, settings, options)
        self._orders = Orders(self.crew)
        self._exits = RunnerExits(self.crew)
        self._environ = dict(os.environ) | settings.to_environ()
        self._died: list[float] = []  # when, of those that did not end well
        self._leaving: list[asyncio.Task[None]] = []  # runners whose place another has taken
        self._lacking: set[str] = set()  # types that have met no handler here
        self._turn = ProcessLock.create()  # of its suspects: one at a time, in all runners

    async def run(self) -> int:
        """Until stopped by a signal, or in a burst until all runners have ended."""
        crew = self.crew
        self._orders.heed()
        care = Duties(crew, self._orders)
        try:
            await care.if_there_is_room(crew.gopher.announce(crew.queues))
            for doubt in await doubts(crew.gopher, crew.queues):
                say(doubt, logging.WARNING)
            first = [await self._start_runner() for _ in range(crew.options.processes)]
            crew.state.published = await care.if_there_is_room(publish(crew, first[0]))
            await care.if_there_is_room(care.beat())
        except BaseException as error:
            crew.kill("")  # none of them has begun
            if isinstance(error, RunnerKilled):  # an order to stop may have reached it before it reached us
                await self._pause(TOGETHER)
            if crew.stopping.is_set():
                return crew.state.exit_code
            raise
        services = [asyncio.create_task(duty) for duty in care.duties()]
        keepers = [asyncio.create_task(self._keep(runner)) for runner in first]
        self._say_what_it_serves(first[0].types)
        await asyncio.gather(*keepers)
        await asyncio.gather(*self._leaving)
        await self._exits.finish()
        for service in services:
            service.cancel()
        await self._leave()
        return crew.state.exit_code

    def _say_what_it_serves(self, types: Collection[str]) -> None:
        slots = self.crew.options.concurrency * self.crew.options.processes
        queues, redis = ",".join(self.crew.queues), str(self.crew.gopher.store.address)
        say("serving", queues=queues, types=len(types), slots=slots, redis=redis)

    async def _start_runner(self, relieves: Sequence[RunnerProcess] = ()) -> RunnerProcess:
        crew = self.crew
        id = f"{crew.id}.{crew.state.made}"
        runner = RunnerProcess(id, crew.options, relieves, self._lacking, self._turn)
        crew.state.made += 1
        crew.runners.append(runner)
        share_slots(crew.runners)
        try:
            await runner.start(self._environ)
        except BaseException:
            crew.runners.remove(runner)
            raise
        return runner

    async def _another_runner(self, relieves: Sequence[RunnerProcess]) -> RunnerProcess | None:
        """Tried until it starts, or until we stop: the module of the handlers may be in the making."""
        while not self.crew.stopping.is_set():
            try:
                return await self._start_runner(relieves)
            except (GopherError, OSError, RuntimeError, MemoryError) as error:
                if not self.crew.stopping.is_set():
                    why = str(error) or type(error).__name__
                    say("cannot start a runner process", logging.ERROR, why=why)
                    await self._pause(_PAUSE)
        return None

    async def _keep(self, runner: RunnerProcess) -> None:
        """One place for a runner: when it ends or leaves and there is more to do, another takes it."""
        while True:
            runner.go(quiet=self.crew.state.quiet)
            if self.crew.stopping.is_set():
                runner.stop(self.crew.state.grace)
            ending = asyncio.create_task(self._see_out(runner))
            leaving = asyncio.create_task(runner.leaving.wait())
            await asyncio.wait({ending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            if not ending.done():
                self._leaving.append(ending)
                if self.crew.stopping.is_set():
                    return
            elif self._is_done(runner):
                return
            elif not runner.ended_well:
                await self._pause_if_crashing()
            following = await self._another_runner([*runner.relieves, runner])
            if following is None:
                return
            runner = following

    async def _see_out(self, runner: RunnerProcess) -> None:
        """Until it has ended, and all that it held has gone back. A fault of ours in this is said."""
        try:
            await self._follow_and_bury(runner)
        except Exception as error:
            say("cannot see a runner process out", logging.ERROR, runner=runner.id, why=repr(error))

    async def _follow_and_bury(self, runner: RunnerProcess) -> None:
        await runner.follow()
        self.crew.runners.remove(runner)
        self.crew.state.count(runner.board.counts())
        await self._exits.bury(runner)
        if self.crew.options.burst and runner.broken:
            self.crew.state.exit_code = BadData.exit_code  # what was left could not be served

    def _is_done(self, runner: RunnerProcess) -> bool:
        burst = self.crew.options.burst
        return self.crew.stopping.is_set() or (burst and runner.ended_well and not runner.worn)

    async def _pause_if_crashing(self) -> None:
        now = time.monotonic()
        self._died = [*(at for at in self._died if now - at < 60), now]
        if len(self._died) > _RESTARTS * self.crew.options.processes:
            say("runner processes die too often: a pause", logging.ERROR, seconds=_PAUSE)
            await self._pause(_PAUSE)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.crew.stopping.wait(), seconds)

    async def _leave(self) -> None:
        try:
            await self.crew.gopher.bury(self.crew.id, self.crew.queues, self.crew.state.made)
        except GopherError:
            return


def listen(fact: Fact) -> None:
    if isinstance(fact, JobsReclaimed):
        for id, state, worker in fact.jobs:
            say(
                "a lost job goes back" if state == "enqueued" else "a lost job goes to the DLQ",
                logging.WARNING,
                id=id,
                worker=worker,
            )


def run_worker(settings: Settings, options: WorkerOptions) -> int:
    """Run a worker until it is stopped; its exit code.

    Raises BadConfig when handlers do not load or the server must not be used, Unavailable when
    Redis does not answer at the start. Later it waits for Redis to come back.
    """
    reset_signals()
    logs.set_up(options.log_level, options.log_format, worker=options.name)

    async def main() -> int:
        async with open_gopher(settings, listeners=[listen], check=True) as gopher:
            return await Supervisor(gopher, settings, options).run()

    return asyncio.run(main())
