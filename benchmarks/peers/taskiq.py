"""taskiq with taskiq-redis: the stream broker, which is the one that acknowledges."""

from __future__ import annotations

from typing import ClassVar

from taskiq_redis import RedisStreamBroker

from benchmarks import work
from benchmarks.lane import AsyncLane, Payload


# Functions of its own: taskiq renames those that it registers.
async def noop(payload: Payload) -> None:
    await work.noop(payload)


def noop_sync(payload: Payload) -> None:
    work.noop_sync(payload)


async def nap(payload: Payload) -> None:
    await work.nap(payload)


async def probe(payload: Payload) -> None:
    await work.probe(payload)


FUNCTIONS = {"noop": noop, "noop_sync": noop_sync, "nap": nap, "probe": probe}


def build(url: str) -> RedisStreamBroker:
    made = RedisStreamBroker(url=url or "redis://", consumer_id="0")
    for kind, function in FUNCTIONS.items():
        made.register_task(function, task_name=kind)
    return made


broker = build(work.URL)


class TaskiqLane(AsyncLane):
    name: ClassVar[str] = "taskiq"
    package: ClassVar[str] = "taskiq"
    note: ClassVar[str] = "RedisStreamBroker, 10 async tasks, no result backend"

    async def connect(self) -> None:
        self._broker = build(self.url)
        await self._broker.startup()

    async def send(self, kind: str, payload: Payload) -> None:
        await self._broker.find_task(kind).kiq(payload)

    def worker(self, concurrency: int) -> list[str]:
        most = ["--workers", "1", "--max-async-tasks", str(concurrency)]
        quiet = ["--log-level", "ERROR", "--max-threadpool-threads", "10", "--max-prefetch", "100"]
        return ["-m", "taskiq", "worker", "benchmarks.peers.taskiq:broker", *most, *quiet]

    async def disconnect(self) -> None:
        await self._broker.shutdown()
