"""gopher, through its public doors only: the synchronous Producer and the command line."""

from __future__ import annotations

from typing import ClassVar

from benchmarks.lane import Lane, Payload
from gopher_cli.producer import Producer

SLICE = 10_000  # so that a million jobs are never in memory at once


class GopherLane(Lane):
    name: ClassVar[str] = "gopher"
    package: ClassVar[str] = "gopher-cli"
    note: ClassVar[str] = "gopher worker --concurrency 10, every feature at its default"
    jobs: ClassVar[int] = 100_000

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._producer = Producer(url)

    def bulk(self, kind: str, n: int, payload: Payload) -> None:
        for start in range(0, n, SLICE):
            size = min(SLICE, n - start)
            jobs = [self._producer.job(kind, payload) for _ in range(size)]
            self._producer.submit_many(jobs)

    def one(self, kind: str, payload: Payload) -> None:
        self._producer.submit(kind, payload)

    def worker(self, concurrency: int) -> list[str]:
        served = ["--app", "benchmarks.gopher_app:app", "--concurrency", str(concurrency)]
        return ["-m", "gopher_cli", "worker", *served]

    def close(self) -> None:
        self._producer.close()
