"""Starts that fail: what keeps a process from beginning a job is no loss and no attempt of that job."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from gopher_cli.model.job.outcome import Outcome, Snoozed
from gopher_cli.worker.execution.attempt import Attempt
from gopher_cli.worker.logs import say

LATER, STILL = 2.0, 1.0  # seconds, at first: until the job runs again, until its slot is free
_LATEST, _LONGEST_STILL = 60.0, 5.0
STARTS_WITHIN = (
    300.0  # a machine under load is slow, and so are large imports; the job's own time counts later
)


class Unstarted(Exception):
    """The process of a job could not be started now; nothing of the job has begun."""


def unstarted(why: str, after: float = LATER) -> Snoozed:
    return Snoozed(after, f"the worker could not start its process: {why}", begun=False)


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Raises Unstarted for whatever the system lacks at the moment."""
    try:
        yield
    except OSError as error:
        raise Unstarted(error.strerror or str(error)) from error
    except (MemoryError, RuntimeError) as error:  # "can't start new thread" is a RuntimeError
        raise Unstarted(str(error) or type(error).__name__) from error


class StartSteps(NamedTuple):
    """What is to be called on the way: when the process of a run is ready, and when it has begun it.

    ``launch`` answers whether it may begin.
    """

    launch: Callable[[Attempt], Awaitable[bool]]
    began: Callable[[Attempt], None]


class StartFailures:
    """How the processes of a runner's jobs start, as one looks at all of them."""

    def __init__(self) -> None:
        self._failing = 0.0  # since when; 0 while they start

    def worked(self) -> None:
        if self._failing:
            self._failing = 0.0
            say("processes of jobs start again")

    async def later(self, why: str) -> Outcome:
        """The longer starts have failed, the later the job runs again.

        Its slot stays taken for a while: the next job would not fare better.
        """
        now = time.monotonic()
        if not self._failing:
            self._failing = now
            say("processes of jobs cannot start: their jobs wait", logging.ERROR, why=why)
        lasting = now - self._failing
        await asyncio.sleep(min(max(STILL, lasting), _LONGEST_STILL))
        return unstarted(why, min(max(LATER, lasting), _LATEST))
