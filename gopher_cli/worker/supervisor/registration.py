"""What the fleet must know of a worker stays known, and a worker leaves data that is not its own any more."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection

from gopher_cli.build import REVIVED, is_embedded, revive
from gopher_cli.model.errors import BadData, Conflict, Outdated, Usage
from gopher_cli.model.schedule.declaration import Declaration
from gopher_cli.version import __version__
from gopher_cli.worker.logs import say
from gopher_cli.worker.supervisor.crew import Crew
from gopher_cli.worker.supervisor.runner_process import RunnerProcess

_TOGETHER = 60.0  # seconds: workers that are started together serve their queues by then
REVIVE = 2.0  # seconds between two looks whether the built-in server lives


async def publish(crew: Crew, runner: RunnerProcess) -> None:
    """What the handlers of this worker take, and the schedules that its code declares."""
    await crew.gopher.publish_types(runner.types, runner.wishes)
    for schedule in runner.schedules:
        await _declare(crew, schedule)


async def bring_home(crew: Crew, runner: RunnerProcess) -> None:
    """Schedules of its code that stand in queues which no worker serves come to this one."""
    if runner.schedules:
        living = [worker for worker in await crew.gopher.workers() if worker.alive]
        served = {queue for schedule in living for queue in schedule.queues}.union(crew.queues)
        for schedule in runner.schedules:
            await _declare(crew, schedule, served)


async def _declare(crew: Crew, declaration: Declaration, served: Collection[str] | None = None) -> None:
    """One that cannot be set keeps no worker from its jobs."""
    try:
        change = await crew.gopher.declare_schedule(declaration, crew.queues[0], served)
    except (Usage, Conflict, BadData) as error:
        say(f"the schedule {declaration.name} cannot be set: {error}", logging.ERROR, hint=error.hint)
        return
    if change.change != "unchanged":
        type = declaration.type
        say(f"the schedule {declaration.name} is {change.change}", queue=change.queue, type=type)


class Registration:
    """Someone may delete what a worker has said of itself; someone may upgrade the data while it works."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._newest = ""
        self._at_home = False
        self.revives = is_embedded(crew.settings)

    async def revive(self) -> None:
        """Where the built-in server has died, nobody else is there to start it."""
        if await revive(self._crew.settings):
            say(REVIVED, logging.WARNING)

    async def stand(self) -> None:
        """Look, and mend what can be mended. The worker stops when the data is not its own any more."""
        crew = self._crew
        first = crew.runners[0] if crew.runners else None
        types, wishes = (first.types, first.wishes) if first else ({}, {})
        try:
            fleet = await crew.gopher.stand(crew.queues, types, wishes)
            if first and not crew.state.published:  # memory was full
                await publish(crew, first)
                crew.state.published = True
            if first and not self._at_home and time.time() - crew.state.started > _TOGETHER:
                await bring_home(crew, first)
                self._at_home = True
        except Outdated as error:
            self._leave(error)
            return
        if fleet.missing_queues or fleet.missing_types:
            gone = ",".join(fleet.missing_queues + fleet.missing_types)
            say("the fleet had forgotten what this worker serves: told again", logging.WARNING, gone=gone)
        if fleet.schema.is_news and str(fleet.schema) != self._newest:
            self._newest = str(fleet.schema)
            say(
                f"the data is a little newer (schema {fleet.schema}, by gopher {fleet.schema.gopher or '?'}) "
                f"than this gopher {__version__}: what it does not know it leaves alone",
            )

    def _leave(self, error: Outdated) -> None:
        if not self._crew.stopping.is_set():
            say(str(error), logging.ERROR, hint=error.hint)
            self._crew.stop(self._crew.options.grace, error.exit_code)
