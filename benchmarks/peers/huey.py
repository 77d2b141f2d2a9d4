"""huey: threads on a Redis list, no results stored."""

from __future__ import annotations

from typing import ClassVar

from huey import RedisHuey

from benchmarks import work
from benchmarks.lane import Lane, Payload

huey = RedisHuey("bench", url=work.URL or "redis://", results=False)
TASKS = {
    "noop": huey.task(name="noop")(work.noop_sync),
    "nap": huey.task(name="nap")(work.nap_sync),
    "probe": huey.task(name="probe")(work.probe_sync),
}


class HueyLane(Lane):
    name: ClassVar[str] = "huey"
    package: ClassVar[str] = "huey"
    note: ClassVar[str] = "10 threads, blocking pop (a crash loses jobs), no results"
    kinds: ClassVar[frozenset[str]] = frozenset({"noop", "nap", "probe"})

    def __init__(self, url: str) -> None:
        super().__init__(url)
        huey.storage = RedisHuey("bench", url=url, results=False).storage

    def bulk(self, kind: str, n: int, payload: Payload) -> None:
        for _ in range(n):
            TASKS[kind](payload)

    def one(self, kind: str, payload: Payload) -> None:
        TASKS[kind](payload)

    def worker(self, concurrency: int) -> list[str]:
        threads = ["-k", "thread", "-w", str(concurrency), "--no-periodic", "--quiet"]
        return ["-m", "huey.bin.huey_consumer", "benchmarks.peers.huey.huey", *threads]
