"""saq: its Redis queue with nothing kept of a finished job."""

from __future__ import annotations

from typing import Any, ClassVar

from redis.asyncio import Redis
from saq.queue.redis import RedisQueue

from benchmarks import work
from benchmarks.lane import AsyncLane, Payload


async def noop(ctx: Any, *, payload: Payload) -> None:
    await work.noop(payload)


async def nap(ctx: Any, *, payload: Payload) -> None:
    await work.nap(payload)


async def probe(ctx: Any, *, payload: Payload) -> None:
    await work.probe(payload)


work.on_uvloop()
settings = {
    "queue": RedisQueue(Redis.from_url(work.URL or "redis://")),
    "functions": [noop, nap, probe],
    "concurrency": work.CONCURRENCY,
}


class SaqLane(AsyncLane):
    name: ClassVar[str] = "saq"
    package: ClassVar[str] = "saq"
    note: ClassVar[str] = "concurrency 10, uvloop, ttl -1 (keeps no results)"
    jobs: ClassVar[int] = 5_000
    kinds: ClassVar[frozenset[str]] = frozenset({"noop", "nap", "probe"})

    async def connect(self) -> None:
        self._queue = RedisQueue(Redis.from_url(self.url), max_concurrent_ops=100)

    async def send(self, kind: str, payload: Payload) -> None:
        await self._queue.enqueue(kind, payload=payload, ttl=-1)

    def worker(self, concurrency: int) -> list[str]:
        return ["-m", "saq", "benchmarks.peers.saq.settings", "--quiet"]

    async def disconnect(self) -> None:
        await self._queue.disconnect()
