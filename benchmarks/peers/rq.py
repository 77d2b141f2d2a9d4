"""rq: SimpleWorker, which does not fork for every job; one job at a time."""

from __future__ import annotations

from typing import ClassVar

from redis import Redis
from rq import Queue
from rq.queue import EnqueueData

from benchmarks import work
from benchmarks.lane import Lane, Payload

FUNCTIONS = {"noop": work.noop_sync, "probe": work.probe_sync}


class RqLane(Lane):
    name: ClassVar[str] = "rq"
    package: ClassVar[str] = "rq"
    note: ClassVar[str] = "SimpleWorker (no fork, concurrency 1), result_ttl 0"
    jobs: ClassVar[int] = 2_000
    kinds: ClassVar[frozenset[str]] = frozenset({"noop", "probe"})

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._queue = Queue("bench", connection=Redis.from_url(url))

    def bulk(self, kind: str, n: int, payload: Payload) -> None:
        for start in range(0, n, 500):
            size = min(500, n - start)
            self._queue.enqueue_many([self._data(kind, payload) for _ in range(size)])

    def _data(self, kind: str, payload: Payload) -> EnqueueData:
        return Queue.prepare_data(FUNCTIONS[kind], (payload,), result_ttl=0)

    def one(self, kind: str, payload: Payload) -> None:
        self._queue.enqueue(FUNCTIONS[kind], payload, result_ttl=0)

    def worker(self, concurrency: int) -> list[str]:
        simple = ["--worker-class", "rq.worker.SimpleWorker", "--quiet"]
        return ["-m", "rq.cli", "worker", "--url", self.url, *simple, "bench"]
