"""The stop of a worker, as the ends of jobs must know it: what an order to stop has killed, did not fail."""

from __future__ import annotations

import asyncio
import threading

from gopher_cli.model.job.outcome import Cancelled, Failed, Interrupted, Lost, Outcome, Succeeded
from gopher_cli.process_setup import ORDERS, TOGETHER
from gopher_cli.worker.execution import outcomes
from gopher_cli.worker.execution.attempt import Attempt, StopReason

# Killed by one, or ended as a shell says it.
_CODES = {-number for number in ORDERS} | {128 + number for number in ORDERS}


class Halt:
    """A service manager signals every process of its unit; one may die of that before we hear of it."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._begun_for_threads = threading.Event()

    def begin(self) -> None:
        """Called from the loop."""
        self._begun.set()
        self._begun_for_threads.set()

    async def judged(self, attempt: Attempt, outcome: Outcome, ordered: bool = False) -> Outcome:
        """The outcome, or Interrupted for one that an order to stop explains. Cannot be cancelled.

        Cancelled for one that somebody has cancelled meanwhile.
        ``ordered``: it was told to stop itself, and its exit code is its own way to say that it did.
        """
        if not (ordered or _by_an_order(outcome)):
            return outcome
        try:
            async with asyncio.timeout(TOGETHER):
                await self._begun.wait()
        except (TimeoutError, asyncio.CancelledError):
            pass
        if attempt.stopped is StopReason.CANCEL:
            return Cancelled()
        return Interrupted() if self._begun.is_set() else outcome

    def judged_in_thread(self, came: Outcome | BaseException) -> Outcome:
        """The same for what a thread has come to, or has raised."""
        if isinstance(came, Succeeded):
            return came
        outcome = outcomes.failed(came) if isinstance(came, BaseException) else came
        if not _by_an_order(outcome):
            return outcome
        return Interrupted() if self._begun_for_threads.wait(TOGETHER) else outcome


def _by_an_order(outcome: Outcome) -> bool:
    return isinstance(outcome, (Failed, Lost)) and outcome.exit_code in _CODES
