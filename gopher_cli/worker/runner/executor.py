"""Runs attempts: on the loop, in threads, in processes or as programs; and stops them."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import Any

from gopher_cli.context import Context
from gopher_cli.failpoints import failpoint
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Runs
from gopher_cli.model.job.outcome import Outcome, Snoozed
from gopher_cli.worker import forks
from gopher_cli.worker.execution import outcomes
from gopher_cli.worker.execution.attempt import Attempt, Place, StopReason, here
from gopher_cli.worker.execution.job_log import JobLog
from gopher_cli.worker.execution.settlement import Settlements
from gopher_cli.worker.execution.settler import Settler
from gopher_cli.worker.execution.start_failures import LATER, STILL, StartSteps
from gopher_cli.worker.execution.threads import Stopped, Target, Threads
from gopher_cli.worker.handler_link import HandlerLink
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.programs.isolated_pool import IsolatedPool
from gopher_cli.worker.programs.keeper_client import KeeperClient
from gopher_cli.worker.programs.program import run_program
from gopher_cli.worker.programs.resource_limits import limits_of
from gopher_cli.worker.runner.loop_attempts import LoopAttempts
from gopher_cli.worker.runner.pipeline import Pipeline
from gopher_cli.worker.runner.slots import Slots
from gopher_cli.worker.runner.suspects import launched

_CLOCK = time.monotonic


class Executor:
    """``room`` is called when a slot has come free."""

    def __init__(
        self,
        gopher: Gopher,
        slots: Slots,
        settler: Settler,
        link: HandlerLink,
        joblog: JobLog,
        options: WorkerOptions,
        room: Callable[[], None],
    ) -> None:
        self._slots = slots
        self._link = link
        self._room = room
        settlements = Settlements(gopher.defaults, link, joblog)
        self._pipeline = Pipeline(slots, settlements, settler.add)
        self._in_threads = Pipeline(slots, settlements, settler.add_from_thread)
        self._loop = asyncio.get_running_loop()
        self._clean = copy_context()
        self._threads = Threads(options.concurrency, self._in_thread)
        self._keepers = KeeperClient(limits_of(link.settings))
        steps = StartSteps(partial(launched, gopher, slots.launch), slots.began)
        self._program = partial(run_program, link=link, keepers=self._keepers, steps=steps)
        self.children = IsolatedPool(options, link, self._keepers, steps)
        self._halt = self._keepers.halt
        self._on_loop = LoopAttempts(slots, self._pipeline, self._halt, self._arguments, self._leave)
        self.stuck: dict[int, Attempt] = {}  # by slot: given up, and they run on

    def fill(self) -> None:
        while (attempt := self._slots.take()) is not None:  # give free slots to waiting jobs
            try:
                self._start(attempt)
            except BaseException as error:  # ours; it must not keep the slot, and its job, for ever
                self._pipeline.finish(attempt, outcomes.failed(error), _CLOCK())
                self._slots.leave(attempt.slot)

    def _start(self, attempt: Attempt) -> None:
        failpoint("job.before_start")
        match attempt.runs:
            case Runs.LOOP:
                self._on_loop.start(attempt)
            case Runs.THREAD:
                self._in_some_thread(attempt)
            case Runs.PROCESS:
                attempt.task = self._loop.create_task(self._elsewhere(attempt, self.children.run))
            case Runs.PROGRAM:
                attempt.task = self._loop.create_task(self._elsewhere(attempt, self._program))

    def _arguments(self, attempt: Attempt) -> tuple[Any, ...]:
        failpoint("job.started")
        handler = attempt.handler
        given = (handler.decode(attempt.lease.spec.payload),) if handler.wants_payload else ()
        if not handler.wants_context:
            return given
        attempt.context = Context(attempt.lease, self._link, attempt.terms)
        return *given, attempt.context

    def _in_thread(self, attempt: Attempt, target: Target) -> Attempt | None:
        """Runs in a handler's thread; answers what that thread shall run next."""
        place, slot, following = here.get(), attempt.slot, None
        assert place is not None
        place.attempt = attempt
        try:
            if not self._in_threads.begin(attempt):
                return None
            try:
                target.aim(attempt)
                came = self._called(attempt)
                target.shelter()
            except Stopped:
                target.shelter()
                came = outcomes.stopped(attempt)
            if isinstance(came, outcomes.Unawaited):
                slot = -1  # the loop has it now
                self._loop.call_soon_threadsafe(self._await, attempt, came.value, copy_context())
                return None
            self._in_threads.finish(attempt, self._halt.judged_in_thread(came), _CLOCK())
            place.attempt = None
            following = self._slots.take(Runs.THREAD, slot)
        finally:
            if following is None:
                self._loop.call_soon_threadsafe(self._leave_thread, slot, context=self._clean)
        return following

    def _await(self, attempt: Attempt, value: Awaitable[Any], context: contextvars.Context) -> None:
        """A thread has called a handler that must be awaited. It keeps the slot, and what it has set."""

        async def wait() -> None:
            here.set(Place(attempt))
            self._pipeline.finish(attempt, await outcomes.awaited(value, attempt), _CLOCK())
            self._loop.call_soon(self._leave, attempt.slot, context=self._clean)

        attempt.task = self._loop.create_task(wait(), context=context)

    def _in_some_thread(self, attempt: Attempt) -> None:
        """No thread at all to be had: not now. Its slot stays taken for a while, so that we do not spin."""
        try:
            self._threads.start(attempt)
        except RuntimeError as error:
            snoozed = Snoozed(LATER, f"the worker could not start it: {error}", begun=False)
            self._pipeline.finish(attempt, snoozed, _CLOCK())
            self._loop.call_later(STILL, self._leave, attempt.slot)

    def _called(self, attempt: Attempt) -> Outcome | BaseException:
        """What it has come to, or has raised: that is looked at where nothing strikes any more."""
        if attempt.stopped:
            raise Stopped  # before it has begun
        try:
            value = attempt.handler.call(*self._arguments(attempt))
            if forks.forked:  # before any lock: its owner may not be here
                forks.leave()
            return outcomes.succeeded(value)
        except Stopped:
            raise
        except BaseException as error:
            if forks.forked:
                forks.leave(error)
            return error

    def _leave_thread(self, slot: int) -> None:
        self._threads.ended()
        if slot >= 0:
            self._leave(slot)

    async def _elsewhere(self, attempt: Attempt, perform: Callable[[Attempt], Awaitable[Outcome]]) -> None:
        """In another process; cancelling our task ends that process."""
        if attempt.handler.wants_context:
            attempt.context = Context(attempt.lease, self._link, attempt.terms)
        await self._pipeline.run(attempt, perform)
        self._leave(attempt.slot)

    def _leave(self, slot: int) -> None:
        if self.stuck:
            self.stuck.pop(slot, None)
        self._slots.leave(slot)
        self.fill()
        self._room()

    def stop(self, attempt: Attempt, why: StopReason) -> None:
        """Ask it to stop, once."""
        if attempt.stopped:
            return
        attempt.stopped = why
        attempt.deadline = min(attempt.deadline, _CLOCK())
        if attempt.context is not None:
            attempt.context.cancelled = True
        if attempt.task is not None:
            # Not at once: a task that has not begun would end without a word, and its slot would stay taken.
            self._loop.call_soon(self._cancel, attempt)
        elif attempt.stop is not None:
            attempt.stop(attempt)

    def _cancel(self, attempt: Attempt) -> None:
        """Unless it has ended meanwhile: its task may run the next job already."""
        if attempt.task is not None and self._slots.running.get(attempt.slot) is attempt:
            attempt.task.cancel()

    def give_up(self, attempt: Attempt, *, stuck: bool = False) -> None:
        """It heeds nothing: settle it without it. Its slot stays taken."""
        self._slots.pardon(attempt)
        if stuck:
            self.stuck[attempt.slot] = attempt
        self._pipeline.finish(attempt, outcomes.stopped(attempt, stuck=stuck), _CLOCK())
