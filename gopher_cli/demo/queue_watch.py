"""Looking at the queue until something is true of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from gopher_cli.demo.picture import OPEN, Picture
from gopher_cli.demo.screen import Screen
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.job_view import JobDetail

QUEUE = "default"
_STEP = 0.1  # seconds; the queue itself is not hurried by it


class DemoFailed(GopherError):
    """Something went otherwise than the demo tells it."""


class Watcher:
    def __init__(self, gopher: Gopher, stage: Screen) -> None:
        self._gopher = gopher
        self._stage = stage

    async def look(self) -> Picture:
        stats = await self._gopher.stats()
        states = {
            name: sum(queue.states.get(name, 0) for queue in stats.queues)
            for name in ("completed", "failed", *OPEN)
        }
        rows = await self._gopher.jobs(Filter(states=("processing",)), limit=8)
        jobs = [await self._gopher.inspect(row.queue, row.id) for row in rows]
        running = [_progress(job) for job in jobs if job.state == "processing"]
        counted = sum(queue.counters.get("completed", 0) for queue in stats.queues)
        return Picture(stats.total, states, sorted(running), counted)

    async def until(self, true: Callable[[Picture], bool], what: str, *, seconds: float = 60) -> Picture:
        """Show the queue until this holds of it. Raises DemoFailed when it takes too long."""
        deadline = time.monotonic() + seconds
        while not true(picture := await self.look()):
            self._stage.show(picture)
            if time.monotonic() > deadline:
                self._stage.still(picture)
                raise DemoFailed(f"waited {seconds:g}s in vain for {what}")
            await asyncio.sleep(_STEP)
        self._stage.still(picture)
        return picture

    async def until_back(self, held: Mapping[str, str | None], *, seconds: float) -> None:
        """Wait until each of these has been taken from its dead worker and given to another.

        One that had not begun counts no loss: whose it is tells.
        """
        missing = list(held)

        async def none_missing() -> bool:
            jobs = [await self.job(id) for id in missing]
            missing[:] = [job.id for job in jobs if job.worker == held[job.id]]
            return not missing

        deadline = time.monotonic() + seconds
        while not await none_missing():
            self._stage.show(await self.look())
            if time.monotonic() > deadline:
                self._stage.still()
                raise DemoFailed(f"after {seconds:g}s not back: {', '.join(missing)}")
            await asyncio.sleep(_STEP)
        self._stage.still()

    async def job(self, id: str) -> JobDetail:
        return await self._gopher.inspect(QUEUE, id)


def _progress(job: JobDetail) -> tuple[str, float | None, str]:
    progress = job.progress or {}
    fraction = progress.get("fraction")
    return job.id, None if fraction is None else float(fraction), str(progress.get("message", ""))
