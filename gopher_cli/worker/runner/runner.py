"""A runner: fetches jobs, has them performed, and stops well. What it holds, Redis knows it holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from contextlib import suppress

from gopher_cli.config import Settings
from gopher_cli.failpoints import failpoint
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.model.job.job import Lease
from gopher_cli.model.job.outcome import Cancelled, Interrupted, Outcome
from gopher_cli.store.calls import Batch, Settlement
from gopher_cli.worker.board import Board
from gopher_cli.worker.execution.attempt import Attempt, StopReason
from gopher_cli.worker.execution.job_log import JobLog
from gopher_cli.worker.execution.settlement import unbegun
from gopher_cli.worker.execution.settler import Settler
from gopher_cli.worker.handler_link import HandlerLink
from gopher_cli.worker.messages import Status
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.process_lock import ProcessLock
from gopher_cli.worker.runner.admission import Admission
from gopher_cli.worker.runner.executor import Executor
from gopher_cli.worker.runner.fetch_policy import Prefetch
from gopher_cli.worker.runner.fetcher import Fetcher
from gopher_cli.worker.runner.reconcile import Reconciler
from gopher_cli.worker.runner.runner_status import about, oldest_of, youngest_of
from gopher_cli.worker.runner.slots import Slots
from gopher_cli.worker.runner.unhandled_jobs import UnhandledJobs
from gopher_cli.worker.runner.unknown_types import UnknownTypes, unreadable
from gopher_cli.worker.runner.watchdog import Watchdog

_CLOCK = time.monotonic
_LAST_WORDS = 5.0  # seconds for settling at the end
_UNSETTLED = 10_000  # ended attempts that Redis has not taken, before no more are fetched
_STALE = 1.0  # seconds without any movement after which buffered jobs go back


class Runner:
    """``worn``: another process must take its place, after enough jobs or a handler that heeds nothing."""

    def __init__(
        self,
        gopher: Gopher,
        registry: Registry,
        settings: Settings,
        options: WorkerOptions,
        id: str,
        board: Board,
        turn: ProcessLock | None = None,
    ) -> None:
        self.worn = self.leaving = False
        self.news = asyncio.Event()
        self._options, self._defaults = options, gopher.defaults
        self._room, self._stopping = asyncio.Event(), asyncio.Event()
        self._settlements, self._grace_ends, self._moved, self._told = 0, float("inf"), _CLOCK(), 0.0
        self._log = JobLog(board.count)
        self._link = HandlerLink(gopher, settings)
        unhandled = UnhandledJobs(gopher, registry.handlers, settings.no_handler_after)
        self._fetcher = Fetcher(gopher, id, options, unhandled, self._accept)
        self._prefetch = Prefetch(options.concurrency)
        queues = self._queues = [name for name, _ in options.queues]
        self._admission = Admission(self._end)
        self._unknown_types = UnknownTypes(gopher, settings.no_handler_after, self._end)
        later = None if options.burst else self._end
        turn = turn or ProcessLock.create()
        self._slots = Slots(board, registry, queues, gopher.defaults, self._unknown_types.add, later, turn)
        self._settler = Settler(gopher, id, queues, self._link, self._settled, lambda: self._slots.running)
        self._reconciler = Reconciler(gopher, id, queues, self._fetcher.taken, self._leases, self._forget)
        self._executor = Executor(
            gopher, self._slots, self._settler, self._link, self._log, options, self._room.set
        )
        self._watchdog = Watchdog(self._slots, self._settler, self._executor, self._wear_out)

    async def run(self) -> None:
        """Until `stop`, or in a burst until nothing is left; then all is settled or handed back.

        Whatever else ends one of its tasks is raised here: a runner that works by halves must go.
        """
        duties = (
            self._link.send_now_and_then(self._queues), self._watchdog.run(self._look), self._stopping.wait(),
            self._unknown_types.run(), self._reconciler.run(self._link.settings.heartbeat),
        )  # fmt: skip
        settling = asyncio.create_task(self._settler.run())
        fetching = asyncio.create_task(self._fetch_until_stopped())
        tasks = [settling, fetching, *(asyncio.ensure_future(duty) for duty in duties)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        self.stop(None if self._stopping.is_set() else self._options.grace)
        await self._drain(fetching)
        self._settler.close()
        await asyncio.wait({settling}, timeout=_LAST_WORDS)
        failpoint("shutdown.released")
        for task in tasks:
            task.cancel()
        self._executor.children.close()
        self._log.flush()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome

    # What the supervisor says

    def stop(self, grace: float | None = None, *, ordered: bool = False) -> None:
        """Fetch no more. Running jobs have the grace (s). ``ordered``: the order may have killed them too."""
        if ordered:
            self._executor.children.halt.begin()
        if grace is not None:
            self._grace_ends = min(self._grace_ends, _CLOCK() + grace)
        self._stopping.set()
        self._room.set()

    def quiet(self, quiet: bool) -> None:
        """Take no new jobs, or take them again. What waits here is for others."""
        self._admission.quiet = quiet
        self._hand_back(self._slots.clear())
        self._room.set()

    def cancel(self, ids: Sequence[str], why: StopReason = StopReason.CANCEL) -> None:
        """Stop these if they run here."""
        asked = set(ids)
        for attempt in self.running():
            if attempt.lease.id in asked:
                self._executor.stop(attempt, why)
        for lease in self._slots.withdraw(asked):
            if why is StopReason.CANCEL:
                self._end(lease, Cancelled())

    def go_on(self, gone: Sequence[Sequence[str]]) -> None:
        """It has stood still, and these (id, token) that had waited here have gone to others."""
        if gone:
            self._admission.gone = frozenset((id, token) for id, token in gone)
            self._prefetch.distrust()
        self._slots.go_on(self._admission.gone)
        self._executor.fill()
        self._room.set()

    def share(self, *, lent: int, barred: Sequence[str]) -> None:
        """With processes that leave: so many slots are theirs, and what is stuck there is barred here."""
        self._slots.lent = lent
        self._admission.barred = frozenset(barred)
        self._executor.fill()
        self._room.set()

    def _leases(self) -> list[Lease]:
        """All that is held here."""
        return self._slots.leases() + self._settler.leases()

    def _forget(self, leases: Sequence[Lease]) -> None:
        """These are not ours any more, as far as Redis knows."""
        gone = {(lease.id, lease.token) for lease in leases}
        for attempt in self.running():
            if (attempt.lease.id, attempt.lease.token) in gone:
                self._executor.stop(attempt, StopReason.LOST)
        for lease in leases:
            self._slots.withdraw({lease.id}, lease.token)

    def running(self) -> list[Attempt]:
        return list(self._slots.running.copy().values())

    def fence(self, queues: Collection[str]) -> None:
        """Redis was away for so long that the leases in these may end: nothing of them runs on.

        All is handed back once Redis can be reached; what others have taken until then is refused.
        """
        self._hand_back(self._slots.clear(queues))
        for attempt in self.running():
            if attempt.lease.queue in queues:
                self._executor.stop(attempt, StopReason.INTERRUPT)

    def keep_output(self, attempt: Attempt, text: str) -> None:
        """What a handler printed."""
        self._link.log(attempt.lease, text)

    def status(self, *, ended: bool = False) -> Status:
        """What the supervisor is told every second, when there is news, and at the end."""
        running, stuck = self.running(), list(self._executor.stuck.copy().values())
        return Status(
            busy=len(running), **self._log.counts, youngest=youngest_of(running), current=oldest_of(running),
            stuck=about(stuck), unknown_types=sorted(self._unknown_types.types), leaving=self.leaving,
            ended=ended, worn=self.worn, broken=self._fetcher.broken,
        )  # fmt: skip

    # Fetching

    async def _fetch_until_stopped(self) -> None:
        while not self._stopping.is_set():
            count = self._wanted()
            if count <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            free = self._slots.free
            settled, batches = self._settlements, await self._fetcher.fetch(count, free)
            failpoint("fetch.replied")
            if not self._accept(batches):
                if self._options.burst and await self._burst_is_over(settled):
                    return
                await (
                    self._unknown_types.stand_aside() if self._unknown_types.lately else self._fetcher.idle()
                )

    def _wanted(self) -> int:
        """Free slots and what is worth to have at hand; 0 while more than half of that is there."""
        if self._options.max_jobs and self._slots.started >= self._options.max_jobs:
            self.worn = True
            self.stop()
            return 0
        ahead = self._prefetch.size
        waiting = self._slots.buffered
        if self._admission.quiet or waiting > ahead // 2 or self._pending > _UNSETTLED:
            return 0
        count = self._slots.free + ahead - waiting
        return min(count, self._options.max_jobs - self._slots.started) if self._options.max_jobs else count

    @property
    def _pending(self) -> int:
        """Jobs that are neither waiting nor running here any more, and that Redis still counts as held."""
        return self._settler.pending + self._unknown_types.pending

    def _accept(self, batches: list[Batch]) -> bool:
        """Whether anything came."""
        if not self._slots.buffered:
            self._moved = _CLOCK()  # what comes now begins to wait now
        for batch in batches:
            for lease, raw in batch.unreadable:
                self._end(lease, *unreadable(lease, raw))
            self._slots.add(self._admission.admit(batch.leases))
        self._executor.fill()
        return any(batch.leases or batch.unreadable for batch in batches)

    async def _burst_is_over(self, settled: int) -> bool:
        busy = self._slots.busy or self._slots.buffered or self._pending or self._fetcher.owing
        if not busy and settled == self._settlements:  # while it fetched nothing, nothing came free
            return True
        self._room.clear()
        if self._slots.running:
            await self._until_room(0.5)
        else:
            await asyncio.sleep(0.005)  # settlements are on their way: they may let others run
        return False

    def _settled(self, items: Sequence[Settlement]) -> None:
        self._moved, self._settlements = _CLOCK(), self._settlements + 1
        if spent := sum(item.run_us for item in items):  # what was handed back teaches nothing
            self._prefetch.learn(spent / len(items) / 1e6)
        self._log.completed(items)
        self._room.set()

    # Watching and stopping

    def _wear_out(self) -> None:
        """Another process takes its place at once. This one keeps what runs here, and ends with that."""
        self.worn = self.leaving = True
        self.stop()
        self.news.set()

    def _look(self, now: float) -> None:
        if self._slots.buffered and now - self._moved > _STALE:
            self._prefetch.distrust()
            self._hand_back(self._slots.clear())  # behind long jobs; another worker may be free
        if now - self._told > 1:
            self._log.flush()
            self._told = now

    def _hand_back(self, leases: list[Lease]) -> None:
        for lease in leases:
            self._end(lease, Interrupted())

    def _end(self, lease: Lease, outcome: Outcome, data: bytes = b"") -> None:
        """Settle a job that has not begun here. May be called from any thread."""
        self._settler.add_from_thread(unbegun(lease, outcome, data, self._defaults))

    async def _until_room(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._room.wait()

    async def _drain(self, fetching: asyncio.Task[None]) -> None:
        self._hand_back(self._slots.close())
        if not fetching.done():
            # An answer that is on its way brings leases: wait for it, then hand them back.
            await asyncio.wait({fetching}, timeout=0 if self._fetcher.waits else 1.2)
            fetching.cancel()
        self._fetcher.close()
        self._hand_back(self._slots.clear())
        while self._slots.busy and _CLOCK() < self._grace_ends:
            self._room.clear()
            await self._until_room(max(0.01, min(self._grace_ends - _CLOCK(), 0.5)))
        for attempt in self.running():
            self._executor.stop(attempt, StopReason.INTERRUPT)
        deadline = _CLOCK() + 1.0
        while self._slots.busy and _CLOCK() < deadline:
            self._room.clear()
            await self._until_room(0.05)
        for attempt in self.running():
            self._executor.give_up(attempt)
