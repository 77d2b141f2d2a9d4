"""The scene of a fail-over: those who use servers that take each other's place, and what they were told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import laws
from awake_clock import awake, clock
from faults.ledger import Ledger
from faults.scene import Submitting
from faults.verdict import Verdict, settled
from laws.state import look
from redis import Redis
from worker.processes import Worker, until

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.make import make_job
from gopher_cli.model.schedule.recurrence import compact

READS = ("evalsha", "eval", "hget", "hmget", "hgetall", "smembers", "blpop")


class Stage:
    """``whole`` makes a plain client that sees all data as it is now: of the new master, or a cluster."""

    def __init__(
        self,
        url: str,
        whole: Callable[[], Any],
        fleet: Callable[..., Worker],
        at: Callable[..., Gopher],
        ledger: Ledger,
        namespace: str,
    ) -> None:
        self.url, self.whole, self.fleet = url, whole, fleet
        self.at, self.ledger, self.namespace = at, ledger, namespace
        self.gopher = at(url)

    def worker(self, *words: str, **env: str) -> Worker:
        return self.fleet(*words, url=self.url, env=env)

    async def submit(self, kind: str, count: int = 1, payload: Any = None, **options: Any) -> list[str]:
        durability = options.pop("durability", "")
        jobs = [make_job(kind, payload or {}, **options) for _ in range(count)]
        receipts = await self.gopher.submit_many(jobs, durability=durability)
        self.ledger.accept(*[receipt.id for receipt in receipts])
        return [receipt.id for receipt in receipts]

    async def started(self, ids: Iterable[str], times: int = 1) -> None:
        """Until each of these has begun to run so many times."""
        wanted = set(ids)

        def enough() -> bool:
            runs = self.ledger.times()
            return all(runs[id] >= times for id in wanted)

        await until(enough)

    async def ends_well(self, *queues: str, **more: Any) -> Verdict:
        """How every row ends: drained, lawful, nothing lost, and a fresh job is served at once."""
        queues = queues or ("default",)
        return await settled(self.whole(), self.namespace, self.gopher, self.ledger, queues=queues, **more)

    async def recurring(self) -> None:
        """A schedule that is due each minute since long ago; whoever ticks says how late it is."""
        terms = {"every": 60, "overlap": "all", "catchup": "all:100", "now": "1700000040000"}
        await self.gopher.set_schedule("s", "quick", **terms)

    async def ticked(self, count: int) -> None:
        """Until it has run so many times more."""
        aim = (await self.gopher.schedule_row("s")).standing.ran + count

        async def enough() -> bool:
            return (await self.gopher.schedule_row("s")).standing.ran >= aim

        await until(enough)

    async def each_instant_has_one_job(self) -> int:
        """How many have one by now. Those without are counted as missed: who has the time of a server that
        was ahead of this one comes so late that more than a hundred are due."""
        found, made = (await self.gopher.schedule_row("s")).standing, sorted(self.everything())
        span = range(1_700_000_100, round(found.last / 1000) + 1, 60)
        assert set(made) <= {f"s:{compact(instant)}" for instant in span}
        assert (found.ran, found.ran + found.missed, found.skipped) == (len(made), len(span), 0)
        self.lawful()
        return len(made)

    def everything(self) -> set[str]:
        """The ids of all jobs."""
        return {id for state in look(self.whole(), self.namespace).values() for id in state.ids}

    def lawful(self) -> None:
        laws.check(self.whole(), self.namespace)

    def load(self, timeout: float = 1.0, **options: Any) -> Load:
        return Load(self.at(self.url, timeout), **options)


class Load(Submitting):
    """Submits without a pause, whatever happens, and keeps when it was told what. ``size`` jobs at once."""

    def __init__(
        self,
        gopher: Gopher,
        *,
        kind: str = "quick",
        size: int = 1,
        queue: str = "default",
        durability: str = "",
    ) -> None:
        self._gopher, self._kind, self._size = gopher, kind, size
        self._queue, self._durability = queue, durability
        self.refused: list[tuple[float, str]] = []
        self.asked = 0
        super().__init__()

    async def _submit(self) -> None:
        while True:
            jobs = [make_job(self._kind, {}, queue=self._queue) for _ in range(self._size)]
            self.asked += self._size
            try:
                receipts = await self._gopher.submit_many(jobs, durability=self._durability)
            except GopherError as error:
                self.refused.append((time.monotonic(), str(error)))
                await asyncio.sleep(0.01)
                continue
            now = clock()
            self.accepted |= {receipt.id: now for receipt in receipts}
            await asyncio.sleep(0.002)  # others use these servers as well

    def first_since(self, then: float) -> float:
        """Seconds from then to the first that was accepted after it."""
        return awake(then, min(at for at in self.accepted.values() if at > then))

    def gap(self) -> float:
        """The longest time in which nothing was accepted."""
        times = sorted(self.accepted.values())
        return max(awake(before, after) for before, after in pairwise(times))


def commands_of(client: Redis) -> set[str]:
    """What clients have asked of this server: those that replication does not bring."""
    return {name.removeprefix("cmdstat_") for name in client.info("commandstats")} & set(READS)
