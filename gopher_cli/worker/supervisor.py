"""The supervisor: starts runners, keeps their leases alive, replaces them when they die, stops them well.

It never runs user code, so nothing that a handler does can starve a heartbeat.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import time
import uuid
from collections.abc import Callable, Collection, Sequence

from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.events import Event, JobsReclaimed
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, GopherError
from gopher_cli.process import LATE, TOGETHER, reset_signals
from gopher_cli.verbs.queue_guess import doubts
from gopher_cli.version import __version__
from gopher_cli.worker import logs
from gopher_cli.worker.burials import Burials
from gopher_cli.worker.care import Care
from gopher_cli.worker.joblog import JobLog
from gopher_cli.worker.logs import say
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.orders import Orders
from gopher_cli.worker.overdue import settle_overdue
from gopher_cli.worker.runners import RunnerKilled, RunnerProcess, share_seats
from gopher_cli.worker.turn import Turn
from gopher_cli.worker.upkeep import publish

_RESTARTS = 5  # in a minute, before a crashing runner is given a pause
_PAUSE = 5.0


class Supervisor:
    def __init__(self, gopher: Gopher, settings: Settings, options: WorkerOptions) -> None:
        self.id = uuid.uuid4().hex[:16]
        self.gopher = gopher
        self.options = options
        self.settings = settings
        self.queues = [name for name, _ in options.queues]
        self.runners: list[RunnerProcess] = []
        self.made = 0
        self.started = time.time()
        self.finished = {"completed": 0, "failed": 0}
        self.stopping = asyncio.Event()
        self.quiet = self.published = False
        self.exit_code = 0
        self._environ = dict(os.environ) | settings.to_environ()
        self._died: list[float] = []  # when, of those that did not end well
        self._leaving: list[asyncio.Task[None]] = []  # runners whose place another has taken
        self._grace = options.grace
        self._burials = Burials(self)
        self.orders = Orders(self)
        self._lacking: set[str] = set()  # types that have met no handler here
        self._turn = Turn.create()  # of its suspects: one at a time, in all runners
        self._log = JobLog()  # of jobs that are settled in the name of a blocked runner

    async def run(self, ready: Callable[[Supervisor], None]) -> int:
        """Until stopped by a signal, or in a burst until all runners have ended."""
        self.orders.heed()
        care = Care(self)
        try:
            await care.if_there_is_room(self.gopher.announce(self.queues))
            for doubt in await doubts(self.gopher, self.queues):
                say(doubt, logging.WARNING)
            first = [await self._start_runner() for _ in range(self.options.processes)]
            self.published = await care.if_there_is_room(publish(self, first[0]))
            await care.if_there_is_room(care.beat())
        except BaseException as error:
            for runner in self.runners:
                runner.kill()  # none of them has begun
            if isinstance(error, RunnerKilled):  # an order to stop may have reached it before it reached us
                await self._pause(TOGETHER)
            if self.stopping.is_set():
                return self.exit_code
            raise
        services = [asyncio.create_task(duty) for duty in care.duties()]
        keepers = [asyncio.create_task(self._keep(runner)) for runner in first]
        self._say_what_it_serves(first[0].types)
        ready(self)
        await asyncio.gather(*keepers)
        await asyncio.gather(*self._leaving)
        await self._burials.finish()
        for service in services:
            service.cancel()
        await self._leave()
        return self.exit_code

    def _say_what_it_serves(self, types: Collection[str]) -> None:
        slots = self.options.concurrency * self.options.processes
        queues = ",".join(self.queues)
        say("serving", queues=queues, types=len(types), slots=slots, redis=str(self.gopher.store.address))

    async def _start_runner(self, relieves: Sequence[RunnerProcess] = ()) -> RunnerProcess:
        runner = RunnerProcess(f"{self.id}.{self.made}", self.options, relieves, self._lacking, self._turn)
        self.made += 1
        self.runners.append(runner)
        share_seats(self.runners)
        try:
            await runner.start(self._environ)
        except BaseException:
            self.runners.remove(runner)
            raise
        return runner

    async def _another_runner(self, relieves: Sequence[RunnerProcess]) -> RunnerProcess | None:
        """Tried until it starts, or until we stop: the module of the handlers may be in the making."""
        while not self.stopping.is_set():
            try:
                return await self._start_runner(relieves)
            except (GopherError, OSError, RuntimeError, MemoryError) as error:
                if not self.stopping.is_set():
                    why = str(error) or type(error).__name__
                    say("cannot start a runner process", logging.ERROR, why=why)
                    await self._pause(_PAUSE)
        return None

    async def _keep(self, runner: RunnerProcess) -> None:
        """One place for a runner: when it ends or leaves and there is more to do, another takes it."""
        while True:
            runner.go()
            if self.quiet:
                runner.tell(quiet=True)
            if self.stopping.is_set():
                runner.stop(self._grace)
            ending = asyncio.create_task(self._see_out(runner))
            leaving = asyncio.create_task(runner.leaving.wait())
            await asyncio.wait({ending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            if not ending.done():
                self._leaving.append(ending)
                if self.stopping.is_set():
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
        self.runners.remove(runner)
        for word, count in runner.board.counts().items():
            self.finished[word] += count
        await self._burials.bury(runner)
        if self.options.burst and runner.broken:
            self.exit_code = BadData.exit_code  # what was left could not be served

    def _is_done(self, runner: RunnerProcess) -> bool:
        return self.stopping.is_set() or (self.options.burst and runner.ended_well and not runner.worn)

    async def _pause_if_crashing(self) -> None:
        now = time.monotonic()
        self._died = [*(at for at in self._died if now - at < 60), now]
        if len(self._died) > _RESTARTS * self.options.processes:
            say("runner processes die too often: a pause", logging.ERROR, seconds=_PAUSE)
            await self._pause(_PAUSE)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    # Stopping

    def stop(self, grace: float) -> None:
        self._grace = grace
        self.stopping.set()
        for runner in self.runners:
            runner.stop(grace)
        asyncio.get_running_loop().call_later(grace + LATE, self._insist)

    def _insist(self) -> None:
        for runner in self.runners:
            runner.kill("it did not stop in time")

    async def _leave(self) -> None:
        try:
            await self.gopher.bury(self.id, self.queues, self.made)
        except GopherError:
            return

    def be_quiet(self, quiet: bool) -> None:
        """No new jobs, or new jobs again; leases are renewed in any case."""
        self.quiet = quiet
        for runner in self.runners:
            runner.tell(quiet=quiet)

    # Overdue jobs

    async def end_overdue(self) -> None:
        """A job that is far past its timeout has its whole process blocked: end that process."""
        for runner in self.runners:
            overdue = runner.overdue() if runner.ready and not runner.killed_for else []
            if overdue:
                runner.kill("a job blocked it past its timeout")
                runner.last_rites = asyncio.ensure_future(self._settle_overdue(runner, overdue))

    async def _settle_overdue(self, runner: RunnerProcess, jobs: list[tuple[int, str]]) -> None:
        for queue, id in jobs:
            await settle_overdue(self.gopher, self._log, runner.id, self.queues[queue], id, runner.wishes)
        self._log.flush()

    def who_runs(self, queues: Collection[str]) -> list[RunnerProcess]:
        """Those that run jobs of these queues, as their boards tell."""
        wanted = {number for number, queue in enumerate(self.queues) if queue in queues}
        return [
            runner
            for runner in self.runners
            if runner.ready and any(queue in wanted for _, queue, _ in runner.board.read())
        ]

    def end_unleased(self, queues: Collection[str]) -> None:
        """Their leases are over, and these have heard nothing of it: what they run may run elsewhere now."""
        for runner in self.who_runs(queues):
            runner.kill("its leases have ended")

    def measure(self) -> tuple[int, float]:
        """Resident bytes and CPU of all runners; one that has grown too large makes way."""
        now, total, cpu = time.monotonic(), 0, 0.0
        limit = self.options.max_rss_mb * 1024 * 1024
        for runner in self.runners:
            rss, share = runner.usage(now)
            total, cpu = total + rss, cpu + share
            if limit and rss > limit and not runner.stopping:
                say("a runner process has grown too large: it makes way", runner=runner.id, mb=rss >> 20)
                runner.make_way(self.options.grace)
        return total, cpu

    def about(self) -> dict[str, object]:
        """What this worker says of itself."""
        rss, cpu = self.measure()
        return {
            "host": platform.node(),
            "pid": os.getpid(),
            "name": self.options.name,
            "version": __version__,
            "state": "stopping" if self.stopping.is_set() else "quiet" if self.quiet else "running",
            "started": round(self.started * 1000),
            "queues": self.queues,
            "types": sorted(self.runners[0].types) if self.runners else [],
            "schedules": [one.name for one in self.runners[0].schedules] if self.runners else [],
            "slots": self.options.concurrency * self.options.processes,
            "busy": sum(runner.busy for runner in self.runners),
            "processes": self.made,
            "rss_bytes": rss,
            "cpu_percent": round(cpu, 1),
            "completed": self.finished["completed"] + sum(r.counts.get("completed", 0) for r in self.runners),
            "failed": self.finished["failed"]
            + self._log.counts["failed"]
            + sum(r.counts.get("failed", 0) for r in self.runners),
            "youngest": min((runner.youngest for runner in self.runners if runner.busy), default=0.0),
            "stuck": [job for runner in self.runners for job in runner.stuck][:20],
            "current": [job for runner in self.runners for job in runner.current][:20],
        }


def listen(event: Event) -> None:
    if isinstance(event, JobsReclaimed):
        for id, state, worker in event.jobs:
            say(
                "a lost job goes back" if state == "enqueued" else "a lost job goes to the DLQ",
                logging.WARNING,
                id=id,
                worker=worker,
            )


def run_worker(
    settings: Settings, options: WorkerOptions, ready: Callable[[Supervisor], None] = lambda _: None
) -> int:
    """Run a worker until it is stopped; its exit code. ``ready`` is called when it serves.

    Raises BadConfig when handlers do not load or the server must not be used, Unavailable when
    Redis does not answer at the start. Later it waits for Redis to come back.
    """
    reset_signals()
    logs.set_up(options.log_level, options.log_format, worker=options.name)

    async def main() -> int:
        async with open_gopher(settings, listeners=[listen], check=True) as gopher:
            return await Supervisor(gopher, settings, options).run(ready)

    return asyncio.run(main())
