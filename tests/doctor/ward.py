"""A queue with a job in every state, which tests damage by hand and let the doctor look at."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import builders
import msgspec
from driver import Queue

from gopher_cli.gopher import Gopher
from gopher_cli.store.codec import encode_job
from gopher_cli.verbs.doctor.diagnose import Diagnosis
from gopher_cli.verbs.doctor.remedies import line

WORKER, RUNNER = "w", "w.0"


class Ward:
    """``queue`` is driven call by call, by the real clock; the doctor works through ``gopher``."""

    def __init__(self, redis: Any, gopher: Gopher, name: str = "default") -> None:
        self.redis, self.gopher, self.name = redis, gopher, name
        self.queue = Queue(redis, gopher.namespace, name)
        self.keys = self.queue.keys

    async def fill(self) -> None:
        """One job in every state; its id says in which. A living worker serves the queue."""
        queue = self.queue
        queue.now = round(time.time() * 1000)
        self.gopher.announced.forget()
        await self.gopher.announce([self.name])
        await self.serve()
        queue.submit(
            builders.job("completed", unique_key="c"), builders.job("failed", unique_key="f", max_retries=0)
        )
        queue.submit(builders.job("retrying"), builders.job("running", unique_key="r"))
        completed, failed, retrying, running = queue.reserve(RUNNER, count=4)
        queue.settle(builders.settlement(completed))
        queue.settle(builders.settlement(failed, builders.failure()))
        queue.settle(builders.settlement(retrying, builders.failure(delay=600.0)))
        queue.report(running, progress=b"1", log=b"1 a line\n")
        queue.once(running, "key", b"1")
        queue.submit(
            builders.job("cancelled"),
            builders.job("late", delay=600.0),
            builders.job("scheduled", delay=600.0),
        )
        queue.cancel("cancelled")
        queue.submit(
            builders.job("high", priority=9),
            builders.job("normal", unique_key="n"),
            builders.job("low", priority=1),
        )
        queue.submit(builders.job("lasting", unique_key="l", unique_for=600.0))
        queue.submit(builders.job("parent"), builders.job("blocked", after=["parent"]))

    async def serve(self) -> None:
        about = {"queues": [self.name], "types": ["mail"], "version": "1", "slots": 1, "state": "running"}
        await self.gopher.beat(WORKER, about)

    async def look(self, **more: Any) -> Diagnosis:
        await self.serve()
        return await self.gopher.diagnose(**more)

    async def heal(self) -> Counter[str]:
        """What was repaired, by name."""
        done: Counter[str] = Counter()
        for _ in range(4):
            found = await self.look()
            if not found.mendable and not found.losses:
                break
            for repair in await self.gopher.heal(found):
                done[repair.name] += repair.count
        return done

    # What somebody may do to the data by hand

    def stand(self, id: str, place: str, score: float) -> None:
        self.redis.zadd(self.keys[place], {id: score})

    def leave(self, id: str, place: str) -> None:
        assert self.redis.zrem(self.keys[place], id) == 1, f"{id} is not in {place}"

    def write(self, name: str, field: str, value: bytes | str) -> None:
        self.redis.hset(self.keys[name], field, value)

    def drop(self, name: str, field: str) -> None:
        assert self.redis.hdel(self.keys[name], field) == 1, f"{name} has no {field}"

    def alter(self, id: str, **fields: object) -> None:
        """Change some fields of a record."""
        self.write("meta", id, line(msgspec.structs.replace(self.queue.record(id), **fields)))

    def forget(self, id: str, place: str) -> None:
        """As if a job had never been, but for what its type leaves elsewhere."""
        self.leave(id, place)
        self.drop("meta", id)
        self.drop("spec", id)

    def follow_up(self, id: str, raw: bytes | None = None) -> None:
        job = builders.job(id, queue=self.name)
        self.write("outbox", id, raw if raw is not None else encode_job(job))


def troubles(found: Diagnosis) -> dict[str, int]:
    """What is wrong with fleet and data, and how often. (The server of the tests keeps nothing on disk.)"""
    count: Counter[str] = Counter()
    for finding in found.troubles:
        if finding.section != "server":
            count[finding.name] += finding.count
    return dict(count)
