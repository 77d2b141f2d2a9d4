"""streaq: Redis streams through coredis, nothing kept of a finished job."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any, ClassVar

from anyio.from_thread import start_blocking_portal
from streaq import Worker

from benchmarks import work
from benchmarks.lane import AsyncLane, Payload, T

FUNCTIONS = {
    "noop": work.noop,
    "noop_sync": work.noop_sync,
    "nap": work.nap,
    "probe": work.probe,
}


def build(url: str) -> tuple[Worker[Any], dict[str, Any]]:
    made: Worker[Any] = Worker(
        redis_url=url,
        concurrency=work.CONCURRENCY,
        sync_concurrency=10,
        anyio_kwargs={"use_uvloop": True},
    )
    return made, {k: made.task(f, name=k, ttl=0, silent=True) for k, f in FUNCTIONS.items()}


worker, _ = build(work.URL or "redis://localhost")


class StreaqLane(AsyncLane):
    name: ClassVar[str] = "streaq"
    package: ClassVar[str] = "streaq"
    note: ClassVar[str] = "concurrency 10, uvloop, ttl 0 (keeps no results), silent tasks"
    jobs: ClassVar[int] = 5_000

    def __init__(self, url: str) -> None:
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal())
        client, self._tasks = build(url)
        # Its client has to be left by the task that entered it; the portal keeps one for that.
        self._stack.enter_context(self._portal.wrap_async_context_manager(client))
        self._client = client
        super().__init__(url)

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        async def run() -> T:
            return await coroutine

        return self._portal.call(run)

    async def send_many(self, kind: str, n: int, payload: Payload) -> None:
        task = self._tasks[kind]
        for start in range(0, n, 500):
            size = min(500, n - start)
            await self._client.enqueue_many([task.enqueue(payload) for _ in range(size)])

    async def send(self, kind: str, payload: Payload) -> None:
        await self._tasks[kind].enqueue(payload)

    def worker(self, concurrency: int) -> list[str]:
        return ["-m", "streaq", "run", "benchmarks.peers.streaq:worker"]

    def close(self) -> None:
        super().close()
        self._stack.close()
