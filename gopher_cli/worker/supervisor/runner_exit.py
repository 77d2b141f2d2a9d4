"""The end of a runner: what it held goes back, and what has brought it down counts a loss."""

from __future__ import annotations

import asyncio
import logging
import signal

from gopher_cli.model.errors import GopherError, TryLater, Unavailable
from gopher_cli.worker.logs import say
from gopher_cli.worker.programs.process_tree import signal_name
from gopher_cli.worker.supervisor.crew import Crew
from gopher_cli.worker.supervisor.runner_process import RunnerProcess

_AGAIN = 1.0  # seconds


class RunnerExits:
    """In a cluster a queue that is out of reach must not keep the place of the dead empty: its jobs go back
    later. Not in a burst, whose next runner must find them."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._later: set[asyncio.Task[bool]] = set()

    async def bury(self, runner: RunnerProcess) -> None:
        guilty = [] if self._is_stopped(runner) else runner.guilty()
        if not runner.ended_well:
            running, why = len(runner.board.read()), runner.why_it_died()
            say("a runner process died", logging.ERROR, runner=runner.id, why=why, running=running)
        runner.close()
        for number, queue in enumerate(self._crew.queues):
            giving = self._give_back(queue, runner, [id for at, id in guilty if at == number])
            if self._crew.gopher.store.scattered:
                task = asyncio.create_task(giving)
                self._later.add(task)
                task.add_done_callback(self._later.discard)
            elif not await giving:
                return
        if self._crew.options.burst:
            await self.finish()

    def _is_stopped(self, runner: RunnerProcess) -> bool:
        """Killed after the worker was told to stop: by somebody who did not wait for the end of the grace."""
        if not self._crew.stopping.is_set() or runner.ended_well or runner.killed_for:
            return False
        return runner.process.returncode == -signal.SIGKILL

    async def finish(self) -> None:
        """Until all has gone back."""
        await asyncio.gather(*self._later)

    async def _give_back(self, queue: str, runner: RunnerProcess, guilty: list[str]) -> bool:
        """False if Redis is away while the worker stops: its leases end by themselves."""
        if runner.last_rites is not None:
            await runner.last_rites
        while True:
            try:
                await self._crew.gopher.release(queue, runner.id, guilty, how=_how_it_died(runner))
                return True
            except (Unavailable, TryLater) as error:
                if self._crew.stopping.is_set():
                    return False
                say("cannot give jobs back yet", logging.WARNING, why=str(error))
                await asyncio.sleep(_AGAIN)
            except GopherError as error:  # of this queue, and for good: the leases end by themselves
                say("cannot give jobs back", logging.ERROR, queue=queue, why=str(error))
                return True


def _how_it_died(runner: RunnerProcess) -> str:
    """For the history of its jobs: a sentence without its subject."""
    if runner.ended_well:
        return "ended"
    if runner.killed_for:
        return f"was ended: {runner.killed_for}"
    code = runner.process.returncode
    return f"was killed by {signal_name(-code)}" if code < 0 else f"exited with code {code}"
