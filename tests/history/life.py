"""The life of a real queue by dice, call by call, recorded as a history: the server's log is its witness."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import builders
from driver import Queue

from gopher_cli.model.job.job import Lease
from gopher_cli.store.keyspace import PLACES
from history import History, Op, Run
from history.aof import moves, transactions

MS = 1_000_000
STATES = ("failed", "cancelled", "completed", "scheduled", "retrying")


class Life:
    """Two workers, which may die or stall, and two clients. Between any two steps time passes."""

    def __init__(self, queue: Queue, seed: int) -> None:
        self.queue, self.dice = queue, Random(seed)
        self.ops: list[Op] = []
        self.runs: dict[tuple[str, str], Run] = {}
        self.leases: list[Lease] = []
        self.over: list[str] = []
        self.settled: list[Lease] = []

    def go(self, steps: int) -> None:
        often = [self._submit, self._fetch, self._start, self._start, self._end, self._end, self._settle]
        happen = often * 3 + [self._settle_again, self._beat, self._look, self._promote, self._cancel]
        happen += [self._requeue, self._purge, self._pause, self._resume, self._resume]
        for _ in range(steps):
            self.queue.later(self.dice.choice([20, 20, 20, 3000, builders.lease_time]))
            self.dice.choice(happen)()

    def history(self, log: bytes) -> History:
        state = self.queue.whole()
        final = {id: state.state(id) for id in state.ids}
        results = {id: text.decode() for id, text in state.result.items()}
        written = list(moves(transactions(log), self.queue.namespace))
        return History(self.ops, list(self.runs.values()), written, final, results)

    @property
    def now(self) -> int:
        return self.queue.now * MS

    def _say(self, kind: str, answer: str, **facts: Any) -> None:
        op = Op(kind, self.dice.choice(["ann", "bob"]), self.now - 5 * MS, self.now + 5 * MS, answer=answer)
        self.ops.append(replace(op, **facts))

    def _any(self) -> str:
        """A job of the newest, or one that nobody has submitted."""
        ids = [op.id for op in self.ops if op.kind == "submit"]
        return self.dice.choice(["nobody", *ids[-8:]])

    def _submit(self) -> None:
        id = f"j{len(self.ops)}" if self.dice.random() < 0.9 else self._any()
        delay = self.dice.choice([0.0, 0.0, 0.0, 2.0])
        (receipt,) = self.queue.submit(builders.job(id, delay=delay, max_retries=1))
        due = self.now + round(delay * 1000) * MS if delay else 0
        self._say("submit", "accepted" if receipt.accepted else "known", id=id, due=due)

    def _fetch(self) -> None:
        self.leases += self.queue.reserve(self.dice.choice(["w1", "w2"]), count=self.dice.randint(1, 3))

    def _start(self) -> None:
        fresh = [one for one in self.leases if (one.id, one.token) not in self.runs]
        if fresh:
            lease = self.dice.choice(fresh)
            self.runs[lease.id, lease.token] = Run(lease.id, lease.token, self.now)

    def _end(self) -> None:
        if under_way := [run for run in self.runs.values() if not run.said]:
            run, said = self.dice.choice(under_way), self.dice.choice(["completed", "completed", "raised"])
            self.runs[run.id, run.token] = replace(run, ended=self.now, said=said)

    def _settle(self, *, again: bool = False) -> None:
        """What has ended is settled, newest first; later, the same once more, or one of long ago."""
        ended = [one for one in self.leases if self._said(one) and (again or one not in self.settled)]
        if ended:
            lease = self.dice.choice(ended)
            self.settled.append(lease)
            done = self._said(lease) == "completed"
            outcome = builders.success(lease.token.encode()) if done else builders.failure()
            self.queue.settle(builders.settlement(lease, outcome))

    def _settle_again(self) -> None:
        self._settle(again=True)

    def _said(self, lease: Lease) -> str:
        run = self.runs.get((lease.id, lease.token))
        return run.said if run else ""

    def _beat(self) -> None:
        self.queue.renew("w1")

    def _look(self) -> None:
        self.over = self.queue.reclaim(self.over).over

    def _promote(self) -> None:
        self.queue.promote()

    def _cancel(self) -> None:
        id = self._any()
        self._say("cancel", *self.queue.cancel(id), id=id)

    def _requeue(self) -> None:
        dead = self.queue.redis.zrange(self.queue.keys["failed"], 0, 3)
        id = self.dice.choice([self._any(), *(id.decode() for id in dead)])
        self._say("requeue", *self.queue.requeue(id), id=id)

    def _purge(self) -> None:
        id, state = self._any(), self.dice.choice(STATES)
        place = next(place for place, word in PLACES.items() if word == state)
        gone = self.queue.purge(place, id)
        self._say("purge", "purged" if gone else "left", id=id, detail=state)

    def _pause(self) -> None:
        self._say("pause", "changed" if self.queue.pause() else "same")

    def _resume(self) -> None:
        self._say("resume", "changed" if self.queue.pause(paused=False) else "same")
