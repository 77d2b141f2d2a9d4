"""Async handlers, one after the other in a task: a task for each would cost more than most jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from gopher_cli.handlers import Runs
from gopher_cli.model.job.outcome import Interrupted, Outcome
from gopher_cli.worker import forks
from gopher_cli.worker.execution import outcomes
from gopher_cli.worker.execution.attempt import Attempt, Place, here
from gopher_cli.worker.execution.event_loop import is_asked_to_stop
from gopher_cli.worker.execution.halt import Halt
from gopher_cli.worker.logs import say
from gopher_cli.worker.runner.pipeline import Pipeline
from gopher_cli.worker.runner.slots import Slots

_CLOCK = time.monotonic
_BREATH = 0.002  # seconds that handlers may follow each other before others have a turn


class LoopAttempts:
    """``arguments`` makes those of a handler; ``leave`` is called with a slot that is free."""

    def __init__(
        self,
        slots: Slots,
        pipeline: Pipeline,
        halt: Halt,
        arguments: Callable[[Attempt], tuple[Any, ...]],
        leave: Callable[[int], None],
    ) -> None:
        self._slots = slots
        self._pipeline = pipeline
        self._halt = halt
        self._arguments = arguments
        self._leave = leave
        self._loop = asyncio.get_running_loop()
        self._clean = copy_context()
        self._shared = True  # one task for job after job

    def start(self, attempt: Attempt) -> None:
        attempt.task = self._loop.create_task(self._run(attempt))

    async def _run(self, attempt: Attempt) -> None:
        """One that was cancelled, or has set context variables, leaves a task that is not clean: it is the
        last in it."""
        task, place, slot, first = attempt.task, Place(attempt), attempt.slot, attempt
        assert task is not None
        here.set(place)
        clean, breath = copy_context(), attempt.started
        while self._pipeline.begin(attempt):
            cancelled = False
            try:
                if attempt.stopped:
                    raise asyncio.CancelledError  # before it has begun
                outcome = outcomes.succeeded(await attempt.handler.call(*self._arguments(attempt)))
            except BaseException as error:
                outcome, cancelled = await self._raised(attempt, error, task, attempt is first)
            if forks.forked:
                forks.leave()
            now = _CLOCK()
            self._pipeline.finish(attempt, outcome, now)
            unclean = cancelled or attempt.stopped or is_asked_to_stop(task)
            if unclean or not self._shared or copy_context() != clean:
                break
            if now - breath > _BREATH:
                if not await self._breathe(place):
                    break
                breath = _CLOCK()
            following = self._slots.take(Runs.LOOP, slot)
            if following is None:
                place.attempt = None
                self._leave(slot)
                return
            attempt = place.attempt = following
            attempt.task = task
        # Not from here: the tasks of the next jobs would inherit what this one has set.
        self._loop.call_soon(self._leave, slot, context=self._clean)

    async def _raised(
        self, attempt: Attempt, error: BaseException, task: asyncio.Task[None], first: bool
    ) -> tuple[Outcome, bool]:
        """What comes of it, and whether it was cancelled."""
        if isinstance(error, asyncio.CancelledError):
            return self._cancelled(attempt, task, first), True
        if isinstance(error, outcomes.Unawaited):
            return await outcomes.awaited(error.value, attempt), attempt.stopped is not None
        if forks.forked:
            forks.leave(error)
        return await self._halt.judged(attempt, outcomes.failed(error)), False

    async def _breathe(self, place: Place) -> bool:
        """Others have a turn. False if this task is cancelled then: a job was meant that has ended."""
        place.attempt = None
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self._part()
            return False
        return True

    def _cancelled(self, attempt: Attempt, task: asyncio.Task[None], first: bool) -> Outcome:
        """Where others ran in this task before, somebody may have meant one of them.

        Nobody can tell. So it runs again, and from now on each job has a task of its own.
        """
        if attempt.stopped or first or not task.cancelling():
            return outcomes.stopped(attempt)
        self._part()
        return Interrupted()

    def _part(self) -> None:
        if self._shared:
            self._shared = False
            say("a handler cancels its task when it is over: each job has a task of its own from now on")
