"""The scene of a server fault: one server of the test's own, those who use it, and the ledger of it all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import laws
from awake_clock import clock
from faults.ledger import Ledger
from faults.verdict import Verdict, judge, settled
from laws.state import look
from redis import Redis
from servers import Server
from worker.processes import Worker, until

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.job import Job
from gopher_cli.verbs.submit import new_job

CALM = {"GOPHER_LEASE": "15s", "GOPHER_HEARTBEAT": "5s"}  # the defaults: for jumps and pauses


class Scene:
    def __init__(
        self,
        server: Server,
        fleet: Callable[..., Worker],
        at: Callable[..., Gopher],
        ledger: Ledger,
        namespace: str,
    ) -> None:
        self.server, self.fleet, self.ledger, self.namespace = server, fleet, ledger, namespace
        self.gopher = at(server.url)
        self.redis = Redis.from_url(server.url, socket_timeout=60)

    def worker(self, *words: str, wait: bool = True, **env: str) -> Worker:
        return self.fleet(*words, url=self.server.url, env=env, wait=wait)

    async def submit(self, kind: str, count: int = 1, payload: Any = None, **options: Any) -> list[str]:
        """Jobs that are accepted, as the ledger tells."""
        jobs = self.jobs(kind, count, payload, **options)
        ids = [receipt.id for receipt in await self.gopher.submit_many(jobs)]
        self.ledger.accept(*ids)
        return ids

    def jobs(self, kind: str, count: int, payload: Any = None, **options: Any) -> list[Job]:
        """To submit, as nobody has promised anything yet."""
        return [new_job(self.gopher.defaults, kind, payload or {}, **options) for _ in range(count)]

    async def started(self, ids: Iterable[str]) -> None:
        """Until each of these runs, or has run."""
        wanted = set(ids)
        await until(lambda: wanted <= {run.id for run in self.ledger.starts()})

    def count(self, name: str) -> int:
        """A counter of the queue."""
        return int(self.redis.hget(self.gopher.keys("default")["counters"], name) or 0)

    def those_left(self) -> set[str]:
        """The ids of all jobs that the server knows."""
        return {id.decode() for id in self.redis.hkeys(self.gopher.keys("default")["meta"])}

    def size(self, place: str) -> int:
        return int(self.redis.zcard(self.gopher.keys("default")[place]))

    async def ends_well(self, **more: Any) -> Verdict:
        """How every row ends: drained, lawful, nothing lost, and a fresh job is served at once."""
        return await settled(self.redis, self.namespace, self.gopher, self.ledger, **more)

    def lawful(self) -> Verdict:
        """What stands there now, as it stands; raises for a law that is broken."""
        laws.check(self.redis, self.namespace)
        return judge(look(self.redis, self.namespace), self.ledger)


class Submitting:
    """Submits without a pause. ``accepted`` tells when, by our monotonic clock, each job was."""

    def __init__(self) -> None:
        self.accepted: dict[str, float] = {}
        self._task = asyncio.create_task(self._submit())

    async def _submit(self) -> None:
        """Until cancelled."""
        raise NotImplementedError

    async def more(self, count: int) -> None:
        """Until so many more were accepted."""
        aim = len(self.accepted) + count
        await until(lambda: len(self.accepted) >= aim or self._task.done())
        assert not self._task.done(), self._task.exception()

    async def ends(self) -> dict[str, float]:
        """No more; what was accepted, and when. The ledger is told by whoever knows what is promised."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        return self.accepted


class Storm(Submitting):
    """Submits without a pause, whatever happens to the server, and keeps when it was told what."""

    def __init__(
        self, scene: Scene, kind: str = "quick", size: int = 5, pause: float = 0.01, durability: str = ""
    ) -> None:
        self.scene, self.kind, self.size, self.pause = scene, kind, size, pause
        self.durability = durability
        self.refused: list[str] = []
        super().__init__()

    async def _submit(self) -> None:
        while True:
            jobs = [new_job(self.scene.gopher.defaults, self.kind, {}) for _ in range(self.size)]
            try:
                receipts = await self.scene.gopher.submit_many(jobs, durability=self.durability)
            except GopherError as error:
                self.refused.append(str(error))
                await asyncio.sleep(0.01)
                continue
            now = clock()
            self.accepted |= {receipt.id: now for receipt in receipts}
            await asyncio.sleep(self.pause)
