"""A runner: fetches jobs, runs them, settles them by itself. What it holds, Redis knows it holds."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import deque
from typing import Any

from gopher_cli.config import Settings
from gopher_cli.context import Context
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Handler, Registry, Runs
from gopher_cli.model.backoff import parse_backoff
from gopher_cli.model.job import JobState, Lease
from gopher_cli.model.outcome import (
    Cancelled,
    Failed,
    Interrupted,
    Outcome,
    Succeeded,
    TimedOut,
    Transition,
    settle,
)  # fmt: skip
from gopher_cli.store.calls import Batch, Settlement
from gopher_cli.store.codec import encode_job
from gopher_cli.worker import outcomes
from gopher_cli.worker.board import Board
from gopher_cli.worker.children import Children
from gopher_cli.worker.fetcher import Fetcher
from gopher_cli.worker.fetching import Prefetch
from gopher_cli.worker.joblog import JobLog
from gopher_cli.worker.link import HandlerLink
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.programs import run_program
from gopher_cli.worker.run import Run, current
from gopher_cli.worker.settling import Settler
from gopher_cli.worker.strays import unknown, unreadable
from gopher_cli.worker.threads import Stopped, Threads

_CLOCK = time.monotonic
KILL_AFTER = 5.0  # seconds from a timeout until a handler counts as stuck
_LOOK = 0.1
_STALE = 1.0


class Runner:
    """Slots, a buffer of leased jobs, and the moves between them.

    The buffer, the slots and the board are shared with handler threads: ``_lock`` guards them.
    """

    def __init__(
        self,
        gopher: Gopher,
        registry: Registry,
        settings: Settings,
        options: WorkerOptions,
        id: str,
        board: Board,
    ) -> None:
        self.id = id
        self._gopher = gopher
        self._registry = registry
        self._options = options
        self._board = board
        self._queue_number = {name: n for n, (name, _) in enumerate(options.queues)}
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._free = options.concurrency
        self._buffer: deque[Lease] = deque()
        self.running: dict[str, Run] = {}
        self._room = asyncio.Event()
        self._stopping = asyncio.Event()
        self._moved = _CLOCK()
        self.stuck = False
        self.counts = {"completed": 0, "failed": 0, "started": 0}
        self._link = HandlerLink(gopher, settings)
        self._settler = Settler(gopher, id, self._link, lambda: bool(self.running))
        self._fetcher = Fetcher(gopher, id, options)
        self._prefetch = Prefetch(options.concurrency)
        self._threads = Threads(options.concurrency, self._in_thread)
        self._children = Children(options, settings, self._link)
        self._log = JobLog()
        self._completed = Transition(JobState.COMPLETED, gopher.defaults.retention)

    async def run(self) -> None:
        """Until `stop`, or in a burst until nothing is left; then all is settled or handed back."""
        services = [
            asyncio.create_task(duty)
            for duty in (self._settler.run(), self._link.send_now_and_then(), self._watch())
        ]
        fetching = asyncio.create_task(self._fetch_until_stopped())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({fetching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await self._drain(fetching)
        self._settler.close()
        await asyncio.wait({services[0]}, timeout=5)
        for service in (*services, stopping):
            service.cancel()
        self._children.close()
        self._log.flush()

    def stop(self, grace: float | None = None) -> None:
        """Fetch no more. Running jobs have the grace (s) to finish."""
        if grace is not None:
            self._grace_ends = min(self._grace_ends, _CLOCK() + grace)
        self._stopping.set()
        self._room.set()

    _grace_ends = float("inf")

    def cancel(self, ids: list[str], why: str = "cancel") -> None:
        """Stop these if they run here."""
        for id in ids:
            if run := self.running.get(id):
                self._stop_run(run, why)

    def fence(self) -> None:
        """Redis was away for so long that the leases may end: drop everything, settle nothing."""
        with self._lock:
            self._buffer.clear()
        self.cancel(list(self.running), "lost")

    def keep_output(self, run: Run, text: str) -> None:
        """What a handler printed."""
        if text.strip("\n"):
            self._link.log(run.lease, text)

    def state(self) -> dict[str, Any]:
        """What the supervisor is told every second."""
        now = _CLOCK()
        oldest = sorted(self.running.copy().values(), key=lambda run: run.started)[:10]
        return {
            "busy": len(self.running),
            "counts": self.counts,
            "current": [
                {
                    "id": r.lease.id,
                    "type": r.lease.spec.type,
                    "queue": r.lease.queue,
                    "seconds": round(now - r.started, 3),
                }
                for r in oldest
            ],
        }

    # Fetching

    async def _fetch_until_stopped(self) -> None:
        while not self._stopping.is_set():
            count = self._wanted()
            if count <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            batches = await self._fetcher.fetch(count)
            if not self._accept(batches):
                if self._options.burst and await self._burst_is_over():
                    return
                await self._fetcher.idle()

    def _wanted(self) -> int:
        if self._options.max_jobs and self.counts["started"] >= self._options.max_jobs:
            self.stop()
            return 0
        with self._lock:
            ahead = self._prefetch.size
            if len(self._buffer) > ahead // 2:
                return 0
            return self._free + ahead - len(self._buffer)

    def _accept(self, batches: list[Batch]) -> bool:
        """Whether anything came."""
        leases = [lease for batch in batches for lease in batch.leases]
        for batch in batches:
            for lease, raw in batch.unreadable:
                self._settler.add(unreadable(lease, raw))
        with self._lock:
            self._buffer.extend(leases)
        self._moved = _CLOCK()
        self._fill()
        return bool(leases) or any(batch.unreadable for batch in batches)

    async def _burst_is_over(self) -> bool:
        if not self.running and not self._buffer and not self._settler.pending:
            return True
        self._room.clear()
        if self.running:
            await asyncio.wait({asyncio.ensure_future(self._room.wait())}, timeout=0.5)
        else:
            await asyncio.sleep(0.005)  # settlements are on their way: they may let others run
        return False

    # Running

    def _fill(self) -> None:
        """Give free slots to buffered jobs."""
        while (run := self._next()) is not None:
            self._start(run)

    def _next(self, only: Runs | None = None) -> Run | None:
        """Take a job from the buffer and a slot for it."""
        with self._lock:
            while self._buffer and self._free > 0 and not self._stopping.is_set():
                lease = self._buffer[0]
                handler = self._registry.handlers.get(lease.spec.type)
                if only is not None and (handler is None or handler.runs is not only):
                    return None
                self._buffer.popleft()
                if handler is None:
                    self._settler.add_from_thread(unknown(lease))
                    continue
                self._free -= 1
                return self._make(lease, handler)
        return None

    def _make(self, lease: Lease, handler: Handler) -> Run:
        timeout = self._timeout_of(lease, handler)
        started = _CLOCK()
        slot = self._board.write(
            started + timeout + 2 * KILL_AFTER, self._queue_number.get(lease.queue, 0), lease.id
        )
        run = Run(lease, handler, started, started + timeout, slot)
        if handler.wants_context:
            run.context = Context(lease, self._link)
        self.running[lease.id] = run
        self.counts["started"] += 1
        return run

    def _timeout_of(self, lease: Lease, handler: Handler) -> float:
        """The handler's own timeout counts where the submitter said nothing."""
        timeout = lease.spec.timeout
        return (
            handler.timeout
            if handler.timeout is not None and timeout == self._gopher.defaults.timeout
            else timeout
        )

    def _start(self, run: Run) -> None:
        match run.handler.runs:
            case Runs.THREAD:
                self._threads.start(run)
            case Runs.LOOP:
                run.task = self._loop.create_task(self._on_loop(run))
            case Runs.PROCESS:
                run.task = self._loop.create_task(self._elsewhere(run, self._children.run))
            case Runs.PROGRAM:
                run.task = self._loop.create_task(self._elsewhere(run, self._program))

    def _arguments(self, run: Run) -> tuple[Any, ...]:
        handler, payload = run.handler, run.lease.spec.payload
        if handler.wants_payload:
            value = handler.decode(payload)
            return (value, run.context) if handler.wants_context else (value,)
        return (run.context,) if handler.wants_context else ()

    async def _on_loop(self, run: Run) -> None:
        current.set(run)
        try:
            outcome = outcomes.succeeded(await run.handler.call(*self._arguments(run)))
        except asyncio.CancelledError:
            outcome = self._stopped(run)
        except BaseException as error:
            outcome = outcomes.failed(error)
        self._finish(run, outcome)
        self._fill()

    def _in_thread(self, run: Run) -> Run | None:
        """Runs in a handler's thread; answers what that thread shall run next."""
        try:
            outcome = outcomes.succeeded(run.handler.call(*self._arguments(run)))
        except Stopped:
            outcome = self._stopped(run)
        except BaseException as error:
            outcome = outcomes.failed(error)
        self._finish(run, outcome, from_thread=True)
        following = self._next(Runs.THREAD)
        if following is None:
            self._loop.call_soon_threadsafe(self._fill)
        return following

    async def _program(self, run: Run) -> Outcome:
        return await run_program(run, self._link)

    async def _elsewhere(self, run: Run, perform: Any) -> None:
        """In another process; cancelling our task ends that process."""
        try:
            outcome = await perform(run)
        except asyncio.CancelledError:
            outcome = self._stopped(run)
        except Exception as error:
            outcome = outcomes.failed(error)
        self._finish(run, outcome)
        self._fill()

    def _stopped(self, run: Run) -> Outcome:
        match run.stopped:
            case "timeout":
                return TimedOut(self._timeout_of(run.lease, run.handler))
            case "cancel":
                return Cancelled()
            case "interrupt" | "lost":
                return Interrupted()
        return Failed("CancelledError: the handler cancelled itself")

    # Settling

    def _finish(self, run: Run, outcome: Outcome, *, from_thread: bool = False) -> None:
        seconds = _CLOCK() - run.started
        with self._lock:
            if self.running.get(run.lease.id) is not run:
                return  # given up before: its outcome is settled already
            del self.running[run.lease.id]
            self._board.wipe(run.slot)
            self._free += 1
        self._moved = _CLOCK()
        self._prefetch.learn(seconds)
        if run.stopped != "lost":
            settlement = self._settlement(run, outcome, seconds)
            (self._settler.add_from_thread if from_thread else self._settler.add)(settlement)
            if not from_thread:
                self._room.set()
            elif not self._room.is_set():
                self._loop.call_soon_threadsafe(self._room.set)

    def _settlement(self, run: Run, outcome: Outcome, seconds: float) -> Settlement:
        lease, options = run.lease, run.lease.spec.options
        if isinstance(outcome, Succeeded) and options.retention is None:
            to, data = self._completed, outcome.result
        else:
            to = self._decide(run, outcome)
            data = outcomes.record(lease, outcome, to, seconds, self.id)
        follow_ups: tuple[tuple[str, bytes], ...] = ()
        if run.context is not None and run.context.follow_ups and to.state is JobState.COMPLETED:
            follow_ups = tuple((job.id, encode_job(job)) for job in run.context.follow_ups)
        self.counts["completed" if to.state is JobState.COMPLETED else "failed"] += 1
        self._log.finished(lease, outcome, to, seconds)
        return Settlement(lease, to, data, int(seconds * 1e6), follow_ups)

    def _decide(self, run: Run, outcome: Outcome) -> Transition:
        spec, handler, defaults = run.lease.spec, run.handler, self._gopher.defaults
        default_retries = spec.max_retries == defaults.max_retries and handler.retries is not None
        retention = spec.options.retention
        return settle(
            outcome,
            attempt=run.lease.attempt,
            max_retries=handler.retries
            if default_retries and handler.retries is not None
            else spec.max_retries,
            backoff=parse_backoff(spec.options.backoff or handler.backoff or defaults.backoff),
            chance=random.random(),
            retention=defaults.retention if retention is None else retention,
        )

    # Watching and stopping

    async def _watch(self) -> None:
        told = 0.0
        while True:
            await asyncio.sleep(_LOOK)
            now = _CLOCK()
            for run in list(self.running.values()):
                if now > run.deadline and not run.stopped:
                    self._stop_run(run, "timeout")
                elif run.stopped and now > run.deadline + KILL_AFTER:
                    self._give_up(run)
            if self._buffer and now - self._moved > _STALE:
                self._release_buffer()
            if now - told > 1:
                self._log.flush()
                told = now

    def _stop_run(self, run: Run, why: str) -> None:
        if run.stopped:
            return
        run.stopped = why
        run.deadline = min(run.deadline, _CLOCK())
        if run.context is not None:
            run.context.cancelled = True
        if run.task is not None:
            run.task.cancel()
        elif run.stop is not None:
            run.stop()

    def _give_up(self, run: Run) -> None:
        """It heeds nothing: settle it without it, and let this process be replaced."""
        self._finish(run, self._stopped(run))
        self.stuck = True
        self.stop()

    def _release_buffer(self) -> None:
        """Jobs that would wait behind long ones go back: another worker may be free."""
        with self._lock:
            leases = list(self._buffer)
            self._buffer.clear()
        for lease in leases:
            self._settler.add(Settlement(lease, Transition(JobState.ENQUEUED, spent=False)))

    async def _drain(self, fetching: asyncio.Task[None]) -> None:
        self._stopping.set()
        self._room.set()
        if not fetching.done():
            # An answer that is on its way brings leases: wait for it, then hand them back.
            await asyncio.wait({fetching}, timeout=1.2)
            fetching.cancel()
        self._release_buffer()
        while self.running and _CLOCK() < self._grace_ends:
            self._room.clear()
            left = min(self._grace_ends - _CLOCK(), 0.5)
            await asyncio.wait({asyncio.ensure_future(self._room.wait())}, timeout=max(left, 0.01))
        self.cancel(list(self.running), "interrupt")
        deadline = _CLOCK() + 1.0
        while self.running and _CLOCK() < deadline:
            await asyncio.sleep(0.02)
        for run in list(self.running.values()):
            self._finish(run, self._stopped(run))
        self._release_buffer()
