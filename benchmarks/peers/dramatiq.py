"""dramatiq: threads, acknowledged messages, a prefetch of 100."""

from __future__ import annotations

import os
from typing import ClassVar

os.environ.setdefault("dramatiq_queue_prefetch", "100")

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks import work
from benchmarks.lane import Lane, Payload

broker = RedisBroker(url=work.URL)
dramatiq.set_broker(broker)

ACTORS = {
    "noop": dramatiq.actor(work.noop_sync, actor_name="noop"),
    "nap": dramatiq.actor(work.nap_sync, actor_name="nap"),
    "probe": dramatiq.actor(work.probe_sync, actor_name="probe"),
}


class DramatiqLane(Lane):
    name: ClassVar[str] = "dramatiq"
    package: ClassVar[str] = "dramatiq"
    note: ClassVar[str] = "1 process, 10 threads, queue_prefetch 100, no results"
    kinds: ClassVar[frozenset[str]] = frozenset({"noop", "nap", "probe"})

    def __init__(self, url: str) -> None:
        super().__init__(url)
        mine = RedisBroker(url=url)
        for actor in ACTORS.values():
            actor.broker = mine
            mine.declare_actor(actor)

    def bulk(self, kind: str, n: int, payload: Payload) -> None:
        for _ in range(n):
            ACTORS[kind].send(payload)

    def one(self, kind: str, payload: Payload) -> None:
        ACTORS[kind].send(payload)

    def worker(self, concurrency: int) -> list[str]:
        threads = ["--processes", "1", "--threads", str(concurrency)]
        return ["-m", "dramatiq", "benchmarks.peers.dramatiq:broker", *threads]
