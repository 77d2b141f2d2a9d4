"""Orders: what signals, and operators from afar, tell a worker to do."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable

from gopher_cli.process_setup import TOGETHER, heeded
from gopher_cli.worker.logs import say
from gopher_cli.worker.programs.process_tree import bury_zombies_but
from gopher_cli.worker.supervisor.crew import Crew


class Orders:
    """Given to the supervisor; its runners do what they tell them."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._ended: float | None = None  # when the first order to end came

    def heed(self) -> None:
        """From now on. What was ignored when we started stays so, as `nohup` wants it."""
        meanings: dict[int, Callable[[], object]] = {
            signal.SIGTERM: lambda: self._end(signal.SIGTERM),
            signal.SIGINT: lambda: self._end(signal.SIGINT),
            signal.SIGHUP: lambda: self._end(signal.SIGTERM),
            signal.SIGTSTP: lambda: self._be_quiet(True),
            signal.SIGCONT: lambda: self._be_quiet(False),
            signal.SIGUSR1: self._say_stacks,
            signal.SIGUSR2: lambda: None,
        }
        if os.getpid() == 1:
            meanings[signal.SIGCHLD] = self._bury_the_inherited
        loop = asyncio.get_running_loop()
        for number in heeded(*meanings):
            loop.add_signal_handler(number, meanings[number])

    def _end(self, number: int) -> None:
        """Two orders at one moment are one: a service manager and our parent may both give it."""
        crew, now = self._crew, time.monotonic()
        if self._ended is None and crew.stopping.is_set():
            self._ended = now  # it stops by itself, with its own exit code: nobody has insisted yet
            say("stopping already: running jobs may finish")
        elif self._ended is None:
            self._ended = now
            running = sum(runner.busy for runner in crew.runners)
            grace = crew.options.grace
            say("stopping: running jobs may finish", grace=f"{grace:g}s", running=running)
            crew.stop(grace)
        elif now - self._ended > TOGETHER:
            say("stopping at once: running jobs go back to their queue", logging.WARNING)
            crew.stop(0, 128 + number)

    def _be_quiet(self, quiet: bool) -> None:
        if quiet != self._crew.state.quiet:
            say("quiet: no new jobs until SIGCONT" if quiet else "new jobs again")
            self._crew.be_quiet(quiet)

    def obey(self, order: str) -> None:
        """What an operator wants from afar. An order to stop is not made more urgent by another one."""
        crew = self._crew
        if order == "stop" and not crew.stopping.is_set():
            grace = crew.options.grace
            say("stopping by order of an operator: running jobs may finish", grace=f"{grace:g}s")
            crew.stop(grace)
        elif order == "quiet" and not crew.state.quiet:
            say("quiet by order of an operator: no new jobs until gopher workers resume")
            crew.be_quiet(True)
        elif order == "resume":
            self._be_quiet(False)

    def _say_stacks(self) -> None:
        for runner in self._crew.runners:
            runner.signal(signal.SIGUSR1)

    def _bury_the_inherited(self) -> None:
        """As the first process of a container we get all orphans of it."""
        bury_zombies_but({runner.pid for runner in self._crew.runners})
