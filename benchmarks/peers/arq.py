"""arq: polls every 10 ms instead of every 500, keeps no results."""

from __future__ import annotations

from typing import Any, ClassVar

from arq import create_pool, func
from arq.connections import RedisSettings

from benchmarks import work
from benchmarks.lane import AsyncLane, Payload


def settings(url: str) -> RedisSettings:
    return RedisSettings(unix_socket_path=url.removeprefix("unix://"))


async def noop(ctx: Any, payload: Payload) -> None:
    await work.noop(payload)


async def nap(ctx: Any, payload: Payload) -> None:
    await work.nap(payload)


async def probe(ctx: Any, payload: Payload) -> None:
    await work.probe(payload)


work.on_uvloop()


class WorkerSettings:
    functions: ClassVar[list[Any]] = [func(f, keep_result=0) for f in (noop, nap, probe)]
    redis_settings = settings(work.URL)
    max_jobs = work.CONCURRENCY
    poll_delay = 0.01


class ArqLane(AsyncLane):
    name: ClassVar[str] = "arq"
    package: ClassVar[str] = "arq"
    note: ClassVar[str] = "10 jobs, uvloop, poll_delay 10 ms (default 500), keep_result 0"
    jobs: ClassVar[int] = 5_000
    kinds: ClassVar[frozenset[str]] = frozenset({"noop", "nap", "probe"})

    async def connect(self) -> None:
        self._pool = await create_pool(settings(self.url))

    async def send(self, kind: str, payload: Payload) -> None:
        await self._pool.enqueue_job(kind, payload)

    def worker(self, concurrency: int) -> list[str]:
        return ["-m", "arq", "benchmarks.peers.arq.WorkerSettings"]

    async def disconnect(self) -> None:
        await self._pool.aclose()
