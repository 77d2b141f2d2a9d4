"""The way of every attempt, whoever runs it: on the loop, in a thread, in a process, or as a program."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from gopher_cli.model.job.outcome import Outcome
from gopher_cli.store.calls import Settlement
from gopher_cli.worker.execution import outcomes
from gopher_cli.worker.execution.attempt import Attempt, StopReason
from gopher_cli.worker.execution.settlement import Settlements
from gopher_cli.worker.runner.slots import Slots

_CLOCK = time.monotonic


class Pipeline:
    """A slot and its terms, the board, the handler, an outcome, a transition, a settlement.

    `Slots.take` has given it the slot and the terms under which it runs. ``settle`` gets what is to be sent
    to Redis: the loop has a pipeline, and the threads have another.
    """

    def __init__(self, slots: Slots, settlements: Settlements, settle: Callable[[Settlement], None]) -> None:
        self._slots = slots
        self._settlements = settlements
        self._settle = settle
        self.begin = slots.begin  # on the board; False if it must not begin

    async def run(self, attempt: Attempt, perform: Callable[[Attempt], Awaitable[Outcome]]) -> None:
        """The whole way. Cancelling this task ends what it performs."""
        if not self.begin(attempt):
            return
        outcome = await outcome_of(attempt, perform)
        self.finish(attempt, outcome, _CLOCK())

    def finish(self, attempt: Attempt, outcome: Outcome, now: float) -> None:
        """It has come to this: what becomes of the job is decided, and on its way to Redis.

        Raises nothing: whatever is wrong with an outcome, its slot is to be left.
        """
        self._slots.ending.add(attempt)  # in a thread: the loop must not take it for settled before it is
        if self._slots.done(attempt) and attempt.stopped is not StopReason.LOST:  # else settled, or not ours
            self._settle(self._settlements.of(attempt, outcome, now - attempt.started))
        self._slots.ending.discard(attempt)


async def outcome_of(attempt: Attempt, perform: Callable[[Attempt], Awaitable[Outcome]]) -> Outcome:
    """Raises nothing: what is raised is an outcome, too."""
    try:
        if attempt.stopped:
            raise asyncio.CancelledError  # before it has begun
        return await perform(attempt)
    except asyncio.CancelledError:
        return outcomes.stopped(attempt)
    except BaseException as error:
        return outcomes.failed(error)
