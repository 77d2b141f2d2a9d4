"""A lane: one system under test, as the harness sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")
Payload = dict[str, Any]


class Lane:
    """Submits jobs of a kind, and names the command of the worker that runs them.

    Kinds: ``noop`` (async where the system is), ``noop_sync``, ``nap`` (50 ms), ``probe``.
    """

    name: ClassVar[str]
    package: ClassVar[str] = ""  # the distribution whose version is reported
    note: ClassVar[str] = ""  # how it is tuned
    jobs: ClassVar[int] = 10_000  # so many make a run of a few seconds
    kinds: ClassVar[frozenset[str]] = frozenset({"noop", "noop_sync", "nap", "probe"})

    def __init__(self, url: str) -> None:
        self.url = url

    def bulk(self, kind: str, n: int, payload: Payload) -> None:
        """Submit n jobs the fastest documented way."""
        raise NotImplementedError

    def each(self, n: int, payload: Payload) -> None:
        """Submit n no-op jobs one by one, every one acknowledged before the next."""
        for _ in range(n):
            self.one("noop", payload)

    def one(self, kind: str, payload: Payload) -> None:
        raise NotImplementedError

    def worker(self, concurrency: int) -> list[str]:
        """The command line of one worker process, without the interpreter."""
        raise NotImplementedError

    def close(self) -> None:
        return


class AsyncLane(Lane):
    """A lane whose client is asynchronous: its calls run on one loop that outlives them."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._runner = asyncio.Runner()
        self.wait(self.connect())

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    async def connect(self) -> None:
        return

    async def disconnect(self) -> None:
        return

    async def send(self, kind: str, payload: Payload) -> None:
        raise NotImplementedError

    async def send_many(self, kind: str, n: int, payload: Payload) -> None:
        """A hundred at a time on the wire, where the client has no verb for many."""
        for start in range(0, n, 100):
            size = min(100, n - start)
            await asyncio.gather(*(self.send(kind, payload) for _ in range(size)))

    async def _send_each(self, n: int, payload: Payload) -> None:
        for _ in range(n):
            await self.send("noop", payload)

    def bulk(self, kind: str, n: int, payload: Payload) -> None:
        self.wait(self.send_many(kind, n, payload))

    def each(self, n: int, payload: Payload) -> None:
        self.wait(self._send_each(n, payload))

    def one(self, kind: str, payload: Payload) -> None:
        self.wait(self.send(kind, payload))

    def close(self) -> None:
        self.wait(self.disconnect())
        self._runner.close()
