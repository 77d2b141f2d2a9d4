"""Performing: one attempt after the other, on the loop, in threads, in processes or as programs."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import Any

from gopher_cli.config import Settings
from gopher_cli.context import Context
from gopher_cli.failpoints import failpoint
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Runs
from gopher_cli.model.job.outcome import Interrupted, Outcome, Snoozed
from gopher_cli.store.calls import Settlement
from gopher_cli.worker import forks
from gopher_cli.worker.execution import outcomes
from gopher_cli.worker.execution.attempt import Place, Run, StopReason, here
from gopher_cli.worker.execution.event_loop import is_asked_to_stop
from gopher_cli.worker.execution.job_log import JobLog
from gopher_cli.worker.execution.settlement import Settlements
from gopher_cli.worker.execution.settler import Settler
from gopher_cli.worker.execution.start_failures import LATER, STILL, Steps
from gopher_cli.worker.execution.threads import Stopped, Target, Threads
from gopher_cli.worker.handler_link import HandlerLink
from gopher_cli.worker.logs import say
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.programs.isolated_pool import Children
from gopher_cli.worker.programs.keeper_client import Keepers
from gopher_cli.worker.programs.program import run_program
from gopher_cli.worker.programs.resource_limits import limits_of
from gopher_cli.worker.runner.slots import Seats
from gopher_cli.worker.runner.suspects import launched

_CLOCK = time.monotonic
_BREATH = 0.002  # seconds that handlers may follow each other before others have a turn


class Performer:
    def __init__(
        self,
        gopher: Gopher,
        seats: Seats,
        settler: Settler,
        link: HandlerLink,
        joblog: JobLog,
        options: WorkerOptions,
        settings: Settings,
        room: Callable[[], None],
    ) -> None:
        self._seats = seats
        self._settler = settler
        self._link = link
        self._settlements = Settlements(gopher.defaults, link, joblog)
        self._room = room
        self._loop = asyncio.get_running_loop()
        self._clean = copy_context()
        self._threads = Threads(options.concurrency, self._in_thread)
        self._keepers = Keepers(limits_of(settings))
        steps = Steps(partial(launched, gopher, seats.launch), seats.began)
        self._program = partial(run_program, link=link, keepers=self._keepers, steps=steps)
        self.children = Children(options, link, self._keepers, steps)
        self.stuck: dict[int, Run] = {}  # by seat: given up, and they run on
        self._shared = True  # one task for job after job

    def fill(self) -> None:
        while (run := self._seats.take()) is not None:  # give free seats to waiting jobs
            try:
                self._start(run)
            except BaseException as error:  # ours; it must not keep the seat, and its job, for ever
                self._finish(run, outcomes.failed(error), _CLOCK())
                self._seats.leave(run.seat)

    def _start(self, run: Run) -> None:
        failpoint("job.before_start")
        match run.runs:
            case Runs.LOOP:
                run.task = self._loop.create_task(self._on_loop(run))
            case Runs.THREAD:
                self._in_some_thread(run)
            case Runs.PROCESS:
                run.task = self._loop.create_task(self._elsewhere(run, self.children.run))
            case Runs.PROGRAM:
                run.task = self._loop.create_task(self._elsewhere(run, self._program))

    def _arguments(self, run: Run) -> tuple[Any, ...]:
        failpoint("job.started")
        handler = run.handler
        given = (handler.decode(run.lease.spec.payload),) if handler.wants_payload else ()
        if not handler.wants_context:
            return given
        run.context = Context(run.lease, self._link, run.terms)
        return *given, run.context

    async def _on_loop(self, run: Run) -> None:
        """Async handlers, one after the other in this task: a task for each would cost more than most jobs.

        One that was cancelled, or has set context variables, leaves a task that is not clean: it is the last.
        """
        place, breath, first = Place(run), run.started, run
        here.set(place)
        clean = copy_context()
        task = run.task
        assert task is not None
        while True:
            cancelled, seat = False, run.seat
            if not self._seats.begin(run):
                break
            try:
                if run.stopped:
                    raise asyncio.CancelledError  # before it has begun
                outcome = outcomes.succeeded(await run.handler.call(*self._arguments(run)))
            except asyncio.CancelledError:
                outcome, cancelled = self._cancelled(run, task, run is first), True
            except outcomes.Unawaited as more:
                outcome, cancelled = await outcomes.awaited(more.value, run), run.stopped is not None
            except BaseException as error:
                if forks.forked:
                    forks.leave(error)
                outcome = await self.children.halt.judged(run, outcomes.failed(error))
            if forks.forked:
                forks.leave()
            now = _CLOCK()
            self._finish(run, outcome, now)
            unclean = cancelled or run.stopped or is_asked_to_stop(task)
            if unclean or not self._shared or copy_context() != clean:
                break
            if now - breath > _BREATH:
                if not await self._breathe(place):
                    break
                breath = _CLOCK()
            following = self._seats.take(Runs.LOOP, seat)
            if following is None:
                place.run = None
                self._leave(seat)
                return
            run = place.run = following
            run.task = task
        # Not from here: the tasks of the next jobs would inherit what this one has set.
        self._loop.call_soon(self._leave, seat, context=self._clean)

    async def _breathe(self, place: Place) -> bool:
        """Others have a turn. False if this task is cancelled then: a job was meant that has ended."""
        place.run = None
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self._part()
            return False
        return True

    def _cancelled(self, run: Run, task: asyncio.Task[None], first: bool) -> Outcome:
        """Where others ran in this task before, somebody may have meant one of them.

        Nobody can tell. So it runs again, and from now on each job has a task of its own.
        """
        if run.stopped or first or not task.cancelling():
            return outcomes.stopped(run)
        self._part()
        return Interrupted()

    def _part(self) -> None:
        if self._shared:
            self._shared = False
            say("a handler cancels its task when it is over: each job has a task of its own from now on")

    def _in_thread(self, run: Run, target: Target) -> Run | None:
        """Runs in a handler's thread; answers what that thread shall run next."""
        place, seat, following = here.get(), run.seat, None
        assert place is not None
        place.run = run
        try:
            if not self._seats.begin(run):
                return None
            try:
                target.aim(run)
                came = self._called(run)
                target.shelter()
            except Stopped:
                target.shelter()
                came = outcomes.stopped(run)
            if isinstance(came, outcomes.Unawaited):
                seat = -1  # the loop has it now
                self._loop.call_soon_threadsafe(self._await, run, came.value, copy_context())
                return None
            outcome = self.children.halt.judged_in_thread(came)
            self._finish(run, outcome, _CLOCK(), self._settler.add_from_thread)
            place.run = None
            following = self._seats.take(Runs.THREAD, seat)
        finally:
            if following is None:
                self._loop.call_soon_threadsafe(self._leave_thread, seat, context=self._clean)
        return following

    def _await(self, run: Run, value: Awaitable[Any], context: contextvars.Context) -> None:
        """A thread has called a handler that must be awaited. It keeps the seat, and what it has set."""

        async def wait() -> None:
            here.set(Place(run))
            self._finish(run, await outcomes.awaited(value, run), _CLOCK())
            self._loop.call_soon(self._leave, run.seat, context=self._clean)

        run.task = self._loop.create_task(wait(), context=context)

    def _in_some_thread(self, run: Run) -> None:
        """No thread at all to be had: not now. Its seat stays taken for a while, so that we do not spin."""
        try:
            self._threads.start(run)
        except RuntimeError as error:
            snoozed = Snoozed(LATER, f"the worker could not start it: {error}", begun=False)
            self._finish(run, snoozed, _CLOCK())
            self._loop.call_later(STILL, self._leave, run.seat)

    def _called(self, run: Run) -> Outcome | BaseException:
        """What it has come to, or has raised: that is looked at where nothing strikes any more."""
        if run.stopped:
            raise Stopped  # before it has begun
        try:
            value = run.handler.call(*self._arguments(run))
            if forks.forked:  # before any lock: its owner may not be here
                forks.leave()
            return outcomes.succeeded(value)
        except Stopped:
            raise
        except BaseException as error:
            if forks.forked:
                forks.leave(error)
            return error

    def _leave_thread(self, seat: int) -> None:
        self._threads.ended()
        if seat >= 0:
            self._leave(seat)

    async def _elsewhere(self, run: Run, perform: Callable[[Run], Awaitable[Outcome]]) -> None:
        """In another process; cancelling our task ends that process."""
        if run.handler.wants_context:
            run.context = Context(run.lease, self._link, run.terms)
        if not self._seats.begin(run):
            self._leave(run.seat)
            return
        try:
            if run.stopped:
                raise asyncio.CancelledError  # before it has begun
            outcome = await perform(run)
        except asyncio.CancelledError:
            outcome = outcomes.stopped(run)
        except BaseException as error:
            outcome = outcomes.failed(error)
        self._finish(run, outcome, _CLOCK())
        self._leave(run.seat)

    def _leave(self, seat: int) -> None:
        if self.stuck:
            self.stuck.pop(seat, None)
        self._seats.leave(seat)
        self.fill()
        self._room()

    def stop(self, run: Run, why: StopReason) -> None:
        """Ask it to stop, once."""
        if run.stopped:
            return
        run.stopped = why
        run.deadline = min(run.deadline, _CLOCK())
        if run.context is not None:
            run.context.cancelled = True
        if run.task is not None:
            # Not at once: a task that has not begun would end without a word, and its seat would stay taken.
            self._loop.call_soon(self._cancel, run)
        elif run.stop is not None:
            run.stop(run)

    def _cancel(self, run: Run) -> None:
        """Unless it has ended meanwhile: its task may run the next job already."""
        if run.task is not None and self._seats.running.get(run.seat) is run:
            run.task.cancel()

    def give_up(self, run: Run, *, stuck: bool = False) -> None:
        """It heeds nothing: settle it without it. Its seat stays taken."""
        self._seats.pardon(run)
        if stuck:
            self.stuck[run.seat] = run
        self._finish(run, outcomes.stopped(run, stuck=stuck), _CLOCK())

    def _finish(
        self, run: Run, outcome: Outcome, now: float, add: Callable[[Settlement], None] | None = None
    ) -> None:
        """Raises nothing: whatever is wrong with an outcome, its seat is to be left."""
        self._seats.ending.add(run)  # in a thread: the loop must not take it for settled before it is
        if (
            self._seats.done(run) and run.stopped is not StopReason.LOST
        ):  # else settled before, or not ours to settle
            (add or self._settler.add)(self._settlements.of(run, outcome, now - run.started))
        self._seats.ending.discard(run)
