"""A namespace with jobs in it, the work that goes on there, and the reckoning at the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any
from uuid import uuid4

import builders
import laws
from laws.across import check_across
from laws.state import State, look

from crashes import Fault, Unreliable
from gopher_cli.gopher import Gopher
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import Job, Lease
from gopher_cli.model.job.outcome import Outcome
from gopher_cli.store.asks.schedules import read_standing
from gopher_cli.store.calls import Verdict
from gopher_cli.store.codec import encode_job

HERE, THERE = "here", "there"
QUEUES = (HERE, THERE)
PARENT = b'"has two children"'
_LEASE = 0.02  # seconds: whoever dies is missed at once
_DEFAULTS = Defaults(lease=_LEASE, max_losses=9)
_LOOKS = 400


class World:
    """``gopher`` never fails. ``accepted`` are the jobs that somebody was promised, ``dropped`` those that
    somebody may have cancelled or deleted since; ``done`` counts how often each has completed."""

    def __init__(self, redis: Any, url: str, *, retention: float = 3600.0) -> None:
        self.redis, self.url, self.retention = redis, url, retention
        self.namespace = f"crash-{uuid4().hex[:8]}"
        self.gopher = self.someone()
        self.accepted: set[str] = set()
        self.dropped: set[str] = set()
        self.done: Counter[str] = Counter()
        self._fetches = count(1)

    def someone(self, fault: Fault | None = None, at: int = 0) -> Gopher:
        store = Unreliable(self.url, fault, at)
        return Gopher(store=store, namespace=self.namespace, defaults=_DEFAULTS)

    async def submit(self, *jobs: Job) -> None:
        receipts = await self.gopher.submit_many(jobs)
        assert all(one.accepted for one in receipts)
        self.accepted |= {job.id for job in jobs}

    async def lease(self, queue: str = HERE, many: int = 500, worker: str = "w") -> list[Lease]:
        number = next(self._fetches)
        fetch = {"worker": worker, "token": f"{worker}:{number}", "sequence": number, "count": many}
        return (await self.gopher.reserve(queue, **fetch)).leases

    async def end(self, leases: Sequence[Lease], outcome: Outcome | None = None) -> None:
        """All of one fetch."""
        if leases:
            items = [builders.settlement(lease, outcome, retention=self.retention) for lease in leases]
            verdicts = await self.gopher.settle(leases[0].worker, items)
            self.note(leases, verdicts, outcome)

    def note(self, leases: Iterable[Lease], verdicts: Iterable[Verdict], outcome: Outcome | None) -> None:
        if outcome is None:
            for lease, verdict in zip(leases, verdicts, strict=True):
                self.done[lease.id] += verdict == Verdict.SETTLED

    async def bury(self, ids: Sequence[str], queue: str = HERE) -> None:
        """These die: they are in the queue of the dead."""
        await self.submit(*(builders.job(id, queue=queue) for id in ids))
        while leases := await self.lease(queue):
            await self.end(leases, builders.discard())

    async def work(self, queues: Iterable[str] = QUEUES) -> int:
        """Whatever is ready is done."""
        before = self.done.total()
        for queue in queues:
            while leases := await self.lease(queue):
                await self.end(leases)
        return self.done.total() - before

    async def tend(self) -> None:
        """What every worker does now and then."""
        for queue in QUEUES:
            await self.gopher.relay(queue)
            await self.gopher.promote_due(queue)
            await self.gopher.expire(queue)

    async def repair(self) -> None:
        """Time passes: leases end, and what is left lying about is carried on and done."""
        suspects: dict[str, list[tuple[str, str]]] = {queue: [] for queue in QUEUES}
        for _ in range(_LOOKS):
            for queue in QUEUES:
                suspects[queue] = list(await self.gopher.reclaim(queue, suspects[queue]))
            await self.tend()
            worked = await self.work()
            state = look(self.redis, self.namespace)
            if not worked and not any(one.running or one.outbox for one in state.values()):
                return
            await asyncio.sleep(0 if worked else _LEASE / 4)
        raise AssertionError("it does not come to rest")

    def states(self) -> dict[str, State]:
        return look(self.redis, self.namespace)

    def where(self) -> dict[str, list[tuple[str, str]]]:
        """For each id the (queue, state) pairs that it has."""
        found: dict[str, list[tuple[str, str]]] = {}
        for queue, state in self.states().items():
            for id in state.ids:
                found.setdefault(id, []).append((queue, state.state(id)))
        return found

    def check(self) -> None:
        """The laws, at any instant; and an id is in one queue."""
        laws.check(self.redis, self.namespace)
        check_across(self.states())

    def reckon(self) -> None:
        """Nothing was lost, and nothing has run twice."""
        self.check()
        twice = {id: times for id, times in self.done.items() if times > 1}
        assert not twice, f"completed more than once: {twice}"
        lost = (self.accepted | self._born()) - self.dropped - set(self.done) - set(self.where())
        assert not lost, f"lost: {sorted(lost)[:5]} and {len(lost)} in all"
        for state in self.states().values():
            self._reckon_schedules(state)

    def _reckon_schedules(self, state: State) -> None:
        """Each run by a tick has its job; those of `s0` may have been filled in as well."""
        known = set(self.where()) | set(self.done) | self.dropped
        for name, raw in state.runs.items():
            found = read_standing(raw)
            jobs = [id for id in known if id.startswith(f"{name}:2")]
            assert found.skipped == found.missed == 0, name
            assert len(jobs) >= found.ran, f"{name}: {found.ran} ran, and there are {len(jobs)}"
            assert name == "s0" or len(jobs) == found.ran, f"{name}: {found.ran} ran, there are {len(jobs)}"

    def _born(self) -> set[str]:
        """The children of all parents that ended with some."""
        parents = [
            id for state in self.states().values() for id, said in state.result.items() if said == PARENT
        ]
        return {f"{side}-{id}" for id in parents for side in ("near", "far")}

    async def close(self) -> None:
        await self.gopher.close()
        if keys := list(self.redis.scan_iter(f"{self.namespace}:*", count=1000)):
            self.redis.unlink(*keys)


def follow_ups(*jobs: Job) -> tuple[tuple[str, bytes], ...]:
    return tuple((job.id, encode_job(job)) for job in jobs)
