"""The crew: the runners of a worker that live now, and what all of them are told."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.process_setup import LATE
from gopher_cli.worker.messages import Quiet
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.supervisor.runner_process import RunnerProcess


@dataclass(slots=True)
class WorkerState:
    """What changes while a worker works. ``grace`` in seconds, ``started`` in epoch seconds."""

    grace: float
    started: float = field(default_factory=time.time)
    made: int = 0  # runners, those that have ended too
    completed: int = 0  # by runners that have ended
    failed: int = 0  # by those, and in the name of runners that are blocked
    quiet: bool = False
    published: bool = False
    exit_code: int = 0

    def count(self, done: Mapping[str, int]) -> None:
        """Of a runner that has ended; see Board.counts."""
        self.completed += done["completed"]
        self.failed += done["failed"]


@dataclass(frozen=True, slots=True)
class Crew:
    """Given to all that the supervisor is made of; none of them knows the supervisor.

    The supervisor alone adds ``runners`` and takes them away.
    """

    id: str
    gopher: Gopher
    settings: Settings
    options: WorkerOptions
    queues: Sequence[str]
    state: WorkerState
    runners: list[RunnerProcess] = field(default_factory=list)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def create(cls, gopher: Gopher, settings: Settings, options: WorkerOptions) -> Crew:
        queues = [name for name, _ in options.queues]
        return cls(uuid.uuid4().hex[:16], gopher, settings, options, queues, WorkerState(options.grace))

    def stop(self, grace: float, exit_code: int | None = None) -> None:
        """Running jobs have ``grace`` seconds. Who has not stopped soon after is killed."""
        self.state.grace = grace
        if exit_code is not None:
            self.state.exit_code = exit_code
        self.stopping.set()
        for runner in self.runners:
            runner.stop(grace)
        asyncio.get_running_loop().call_later(grace + LATE, self.kill, "it did not stop in time")

    def kill(self, why: str) -> None:
        for runner in self.runners:
            runner.kill(why)

    def be_quiet(self, quiet: bool) -> None:
        """No new jobs, or new jobs again; leases are renewed in any case."""
        self.state.quiet = quiet
        for runner in self.runners:
            runner.tell(Quiet(quiet))

    def who_runs(self, queues: Collection[str]) -> list[RunnerProcess]:
        """Those that run jobs of these queues, as their boards tell."""
        numbers = {number for number, queue in enumerate(self.queues) if queue in queues}
        return [
            runner
            for runner in self.runners
            if runner.ready and any(queue in numbers for _, queue, _ in runner.board.read())
        ]

    def end_unleased(self, queues: Collection[str]) -> None:
        """Their leases are over, and these have heard nothing of it: what they run may run elsewhere now."""
        for runner in self.who_runs(queues):
            runner.kill("its leases have ended")
