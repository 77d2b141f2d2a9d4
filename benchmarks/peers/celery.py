"""Celery: the thread pool, late acknowledgement, no results."""

from __future__ import annotations

from typing import ClassVar

import celery

from benchmarks import work
from benchmarks.lane import Lane, Payload

app = celery.Celery("bench", broker=work.URL.replace("unix://", "redis+socket://"))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=10,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)
TASKS = {
    "noop": app.task(name="noop")(work.noop_sync),
    "nap": app.task(name="nap")(work.nap_sync),
    "probe": app.task(name="probe")(work.probe_sync),
}


class CeleryLane(Lane):
    name: ClassVar[str] = "celery"
    package: ClassVar[str] = "celery"
    note: ClassVar[str] = "threads, 10 of them, acks_late, prefetch 10 x 10, results ignored"
    jobs: ClassVar[int] = 5_000
    kinds: ClassVar[frozenset[str]] = frozenset({"noop", "nap", "probe"})

    def __init__(self, url: str) -> None:
        super().__init__(url)
        app.conf.broker_url = url.replace("unix://", "redis+socket://")
        self._producer = app.amqp.Producer(app.connection())

    def bulk(self, kind: str, n: int, payload: Payload) -> None:
        for _ in range(n):
            self.one(kind, payload)

    def one(self, kind: str, payload: Payload) -> None:
        TASKS[kind].apply_async((payload,), producer=self._producer)

    def worker(self, concurrency: int) -> list[str]:
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"]
        pool = ["-P", "threads", "-c", str(concurrency)]
        return ["-m", "celery", "-A", "benchmarks.peers.celery", "worker", *pool, *quiet]

    def close(self) -> None:
        self._producer.close()
