"""One queue on a server, driven call by call, with a clock that only the test moves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, TypeVar

import builders
from laws.state import State, look
from redis.exceptions import NoScriptError

from gopher_cli.model.job.job import Job, Lease
from gopher_cli.model.schedule.expect import MOST, Expect
from gopher_cli.store import calls
from gopher_cli.store.calls import Call, Receipt, Settlement, Verdict
from gopher_cli.store.keyspace import PLACES, keys_of
from gopher_cli.store.record import Record, read_record

T = TypeVar("T")


class Queue:
    """``scripts`` replaces the source of some: mutants, and scripts that are watched."""

    def __init__(
        self,
        redis: Any,
        namespace: str,
        name: str = "default",
        scripts: Mapping[str, str] | None = None,
    ) -> None:
        self.redis = redis
        self.namespace = namespace
        self.keys = keys_of(namespace, name)
        self.now = builders.NOW
        self.runs = 0  # scripts that were run
        self._scripts = scripts or {}
        self._fetches = count(1)

    def run(self, call: Call[T]) -> T:
        self.runs += 1
        source = self._scripts.get(call.script.name, call.script.source)
        sha = hashlib.sha1(source.encode()).hexdigest()
        head = (len(call.keys), *call.keys, *call.argv)
        try:
            raw = self.redis.execute_command("EVALSHA", sha, *head)
        except NoScriptError:
            raw = self.redis.execute_command("EVAL", source, *head)
        return call.answer(raw)

    @property
    def at(self) -> str:
        return str(self.now)

    def later(self, ms: int) -> None:
        self.now += ms

    # What people and workers do

    def submit(self, *jobs: Job, batch: str = "", mark: int = 0) -> list[Receipt]:
        return self.run(calls.submit(self.keys, jobs, now=self.at, batch=batch, mark=mark))

    def fetch(self, worker: str = "w", *, count: int = 1, **more: Any) -> calls.Batch:
        """A fetch as the worker sends it; ``token`` and ``sequence`` given make it one sent again."""
        sequence = more.pop("sequence", None) or next(self._fetches)
        token = more.pop("token", None) or f"{worker}:{sequence}"
        quota = more.pop("quota", (0, 0, 0))
        call = calls.reserve(
            self.keys, worker=worker, token=token, sequence=sequence, quota=quota, count=count,
            now=self.at, **({"lease_ms": builders.lease_time} | more),
        )  # fmt: skip
        return self.run(call)

    def reserve(self, worker: str = "w", *, count: int = 1, **more: Any) -> list[Lease]:
        return self.fetch(worker, count=count, **more).leases

    def settle(self, *items: Settlement, worker: str | None = None, max_losses: int = 3) -> list[Verdict]:
        worker = worker or items[0].lease.worker
        return self.run(calls.settle(self.keys, worker, items, max_losses=max_losses, now=self.at))

    def renew(self, worker: str = "w", begun: Sequence[str] = (), **more: Any) -> calls.Renewal:
        return self.run(
            calls.renew(self.keys, worker, begun, now=self.at, **({"lease_ms": builders.lease_time} | more))
        )

    def promote(self, **more: Any) -> calls.Promotion:
        return self.run(calls.promote(self.keys, now=self.at, **more))

    def requeue_unhandled(self, *types: str, patience_ms: int = builders.hour, limit: int = 500) -> list[str]:
        return self.run(
            calls.requeue_unhandled(self.keys, types, patience_ms=patience_ms, limit=limit, now=self.at)
        )

    def reclaim(self, expiries: Sequence[str] = (), *, max_losses: int = 3, **more: Any) -> calls.Reclaimed:
        call = calls.reclaim(
            self.keys, expiries, max_losses=max_losses, lease_ms=builders.lease_time, now=self.at, **more
        )  # fmt: skip
        return self.run(call)

    def lose(self, *, max_losses: int = 3) -> list[tuple[str, str, str]]:
        """All leases end, and two looks see it."""
        self.later(builders.lease_time + 1)
        return self.reclaim(self.reclaim().over, max_losses=max_losses).jobs

    def release(
        self, worker: str = "w", running: Sequence[str] = (), *, max_losses: int = 3, **more: Any
    ) -> tuple[list[tuple[str, str]], int]:
        call = calls.release(self.keys, worker, running, max_losses=max_losses, now=self.at, **more)
        return self.run(call)

    def cancel(self, *ids: str, retention_ms: int = builders.hour) -> list[str]:
        words = self.run(calls.cancel(self.keys, ids, retention_ms=retention_ms, now=self.at))
        return [words[id].word for id in ids]

    def requeue(self, *ids: str, source: str = "any") -> list[str]:
        words = self.run(calls.requeue(self.keys, ids, source=source, now=self.at))
        return [words[id].word for id in ids]

    def reschedule(self, *ids: str, due_ms: int | None = None, delay_ms: int = 0) -> list[str]:
        words = self.run(calls.reschedule(self.keys, ids, due_ms=due_ms, delay_ms=delay_ms, now=self.at))
        return [words[id].word for id in ids]

    def purge(self, place: str, *ids: str) -> int:
        return self.run(calls.purge(self.keys, place, ids, now=self.at))

    def pause(self, *, paused: bool = True) -> bool:
        return self.run(calls.pause(self.keys, paused=paused, now=self.at))

    def expire(self, **more: Any) -> int:
        return self.run(calls.expire(self.keys, now=self.at, **more)).jobs

    def sample(self, **more: Any) -> bool:
        return self.run(calls.sample(self.keys, now=self.at, **more))

    def report(self, lease: Lease, *, progress: bytes = b"", log: bytes = b"") -> int:
        return self.run(calls.report(self.keys, [calls.Report(lease, progress, log)], now=self.at))

    def once(self, lease: Lease, key: str, value: bytes = b"") -> calls.Once:
        return self.run(calls.once(self.keys, lease, key, value, now=self.at))

    def inspect(self, id: str) -> calls.Found | None:
        return self.run(calls.inspect(self.keys, id, now=self.at))

    def depth(self) -> calls.Depth:
        return self.run(calls.depth(self.keys, now=self.at))

    def expect(self, name: str = "nightly", *, most: int = MOST, **given: Any) -> calls.Expected:
        """Of jobs of the type mail, every day."""
        usual = {"type": "mail", "every": 86_400.0, "by": "ann"}
        wanted = Expect(queue=self.keys.queue, name=name, **(usual | given))
        return self.run(calls.expect(self.keys, wanted, most=most, now=self.at))

    def drop_expect(self, name: str) -> bool:
        return self.run(calls.drop_expect(self.keys, name, now=self.at))

    def expects(self) -> dict[str, Expect]:
        return {one.name: one for one in self.run(calls.expects(self.keys, now=self.at))}

    def forget(self) -> None:
        """Leave nothing behind."""
        if keys := list(self.redis.scan_iter(f"{self.namespace}:*", count=1000)):
            self.redis.unlink(*keys)

    # What tests ask

    def whole(self) -> State:
        """Everything that is stored of this queue."""
        return look(self.redis, self.namespace)[self.keys.queue]

    def state(self, id: str) -> str:
        """In which state a job is; "gone" when there is none."""
        found = [state for place, state in PLACES.items() if id in getattr(self.whole(), place)]
        assert len(found) <= 1, f"{id} is in {found}"
        return found[0] if found else "gone"

    def score(self, place: str, id: str) -> int | None:
        score = self.redis.zscore(self.keys[place], id)
        return None if score is None else int(score)

    def record(self, id: str) -> Record:
        return read_record(self.redis.hget(self.keys["meta"], id) or b"")

    def counters(self) -> dict[str, int]:
        return self.whole().counts
