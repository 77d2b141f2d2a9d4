"""What a runner watches in itself: jobs over their time, those that do not stop, a loop that is blocked."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable

from gopher_cli.worker.execution.attempt import Attempt, StopReason
from gopher_cli.worker.execution.settler import Settler
from gopher_cli.worker.execution.stacks import stack_of
from gopher_cli.worker.logs import say
from gopher_cli.worker.runner.executor import Executor
from gopher_cli.worker.runner.slots import KILL_AFTER, Slots

_CLOCK = time.monotonic
_LOOK = 0.1
_STILL = 0.5  # seconds without a turn of the loop after which it counts as blocked


class Watchdog:
    """``look`` is called ten times a second; ``wear_out`` when a handler is stuck."""

    def __init__(
        self, slots: Slots, settler: Settler, performer: Executor, wear_out: Callable[[], None]
    ) -> None:
        self._slots = slots
        self._settler = settler
        self._executor = performer
        self._wear_out = wear_out
        self._turned = _CLOCK()
        self._over = threading.Event()

    async def run(self, look: Callable[[float], None]) -> None:
        """Until cancelled."""
        watched = False
        try:
            while True:
                watched = watched or self._begin_to_watch()
                await asyncio.sleep(_LOOK)
                now = self._turned = _CLOCK()
                for attempt in list(self._slots.running.copy().values()):
                    self._look_at(attempt, now)
                look(now)
        finally:
            self._over.set()

    def _look_at(self, attempt: Attempt, now: float) -> None:
        if now > attempt.deadline and not attempt.stopped:
            self._executor.stop(attempt, StopReason.TIMEOUT)
        elif attempt.stopped and now > attempt.deadline + KILL_AFTER:
            message = "a handler does not stop: it is stuck, and another process serves the other jobs"
            spec = attempt.lease.spec
            say(
                message,
                logging.ERROR,
                type=spec.type,
                id=attempt.lease.id,
                pid=os.getpid(),
                at=stack_of(attempt),
            )
            self._wear_out()  # first: no other process of this worker shall begin it again beside this one
            self._executor.give_up(attempt, stuck=True)

    def _begin_to_watch(self) -> bool:
        """False where no thread is to be had now: all other work goes on without it."""
        try:
            threading.Thread(target=self._watch_the_loop, name="gopher-watch", daemon=True).start()
        except (RuntimeError, MemoryError):
            return False
        return True

    def _watch_the_loop(self) -> None:
        """In a thread. A blocked loop settles nothing, and what has ended must not go back."""
        while not self._over.wait(_STILL):
            if _CLOCK() - self._turned > _STILL:
                self._slots.note_ended(self._settler.leases())
