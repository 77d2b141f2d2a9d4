"""Two queues, their people and their workers, by the verbs and by plain dice: the same seed is the same life.

What a queue is for itself is the matter of the walk; here jobs go from one to the other. Each job is
promised once, and what was promised must come to one end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar
from uuid import uuid4

import builders
from clocked import Clocked

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import Job, Lease
from gopher_cli.store.asks.outbox import encode_follow_ups
from gopher_cli.store.calls import Verdict
from laws import LIVE, check_queue
from laws.across import check_across
from laws.state import State, look

T = TypeVar("T")
EAST, WEST = "east", "west"
QUEUES = (EAST, WEST)
STEPS = {
    "submit": 8, "batch": 3, "lease": 10, "end": 12, "carry": 4, "move": 4, "retry": 2, "beat": 2, "die": 2,
    "dead": 3, "promote": 4, "expire": 4, "cancel": 2, "purge": 1, "reschedule": 2, "pause": 1, "later": 8,
}  # fmt: skip
_SPANS = (
    1,
    builders.second,
    20 * builders.second,
    builders.minute,
    builders.hour,
    2 * builders.day,
    -5 * builders.second,
)
_RETENTION = 30.0


class Town:
    """``many`` is what a large call brings: the pages of the scripts are full then."""

    def __init__(self, redis: Any, seed: int, *, many: int = 0) -> None:
        self.redis, self.dice, self.many = redis, Random(seed), many
        self.namespace = f"town-{uuid4().hex[:8]}"
        self.store = Clocked(redis, builders.NOW)
        defaults = Defaults(max_losses=99, retention=_RETENTION)
        self.gopher = Gopher(store=self.store, namespace=self.namespace, defaults=defaults)  # type: ignore[arg-type]
        # One name begins with the other, as those of replaced runners do.
        self.workers = ["w.1", "w.10"]
        self.holds: dict[str, list[Lease]] = {name: [] for name in self.workers}
        self.suspects: dict[str, list[tuple[str, str]]] = {queue: [] for queue in QUEUES}
        self.promised: set[str] = set()  # accepted, or follow-ups of an accepted end
        self.moved: list[str] = []
        self.parents: dict[str, tuple[str, ...]] = {}
        self.given_up: set[str] = set()  # cancelled or deleted: they may have no end
        self.done: Counter[str] = Counter()
        self._numbers = self._fetches = self._batches = 0
        self._runner = asyncio.Runner()

    def go(self, steps: int) -> None:
        names, weights = list(STEPS), list(STEPS.values())
        for step in range(steps):
            (name,) = self.dice.choices(names, weights)
            getattr(self, f"_{name}")()
            if step % 3 == 0:
                self.check()

    def now(self, act: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(act)

    def states(self) -> dict[str, State]:
        return look(self.redis, self.namespace)

    def check(self) -> None:
        states = self.states()
        for state in states.values():
            check_queue(state)
            late = {
                mark
                for mark, until in state.carried.items()
                if until > self.store.now + builders.day + builders.minute
            }
            assert not late, f"remembered for more than a day: {late}"
        check_across(states)
        twice = {id: n for id, n in self.done.items() if n > 1}
        assert not twice, f"completed more than once: {twice}"
        away = (name.partition(" ")[0] for state in states.values() for name in state.outbox)
        there = {id for state in states.values() for id in state.ids} | set(away)
        lost = self.promised - self.given_up - set(self.done) - there
        assert not lost, f"lost: {sorted(lost)}"
        # Each was promised once, so each is counted once: also what has been forgotten since.
        entered = sum(state.counts.get("enqueued", 0) for state in states.values())
        assert entered <= len(self.promised) + len(self.moved), "more came in than were promised"

    # What people do

    def _new(self, queue: str, **more: Any) -> Job:
        self._numbers += 1
        return builders.job(f"j{self._numbers}", queue=queue, priority=self.dice.choice([3, 5, 5, 9]), **more)

    def _any(self, *states: str, most: int = 3) -> tuple[str, list[str]]:
        """Some jobs of one queue in these states."""
        queue = self.dice.choice(QUEUES)
        state = self.states().get(queue)
        ids = [id for id in sorted(state.ids) if state.state(id) in states] if state else []
        return queue, self.dice.sample(ids, min(most, len(ids)))

    def _submit(self) -> None:
        dice, queue = self.dice, self.dice.choice(QUEUES)
        _, known = self._any("enqueued", "scheduled", "blocked", "failed")
        jobs = []
        for _ in range(self.many if self.many and dice.random() < 0.1 else dice.randint(1, 3)):
            unique = dice.choice(["", "", "", "red", "blue"])
            more: dict[str, Any] = (
                {"unique_key": unique, "unique_for": dice.choice([0.0, 30.0])} if unique else {}
            )
            jobs.append(self._new(queue, delay=dice.choice([0.0, 0.0, 0.0, 5.0]), **more))
        state = self.states().get(queue)
        if state and (mine := [id for id in known if id in state.ids]) and dice.random() < 0.5:
            jobs.append(self._new(queue, after=mine[:1]))
        self._accept(jobs, self.now(self.gopher.submit_many(jobs)))

    def _accept(self, jobs: list[Job], receipts: Any) -> None:
        for job, receipt in zip(jobs, receipts, strict=True):
            if receipt.accepted:
                assert job.id not in self.promised, f"{job.id} was accepted twice"
                self._promise(job)

    def _promise(self, job: Job) -> None:
        self.promised.add(job.id)
        self.parents[job.id] = job.spec.options.after

    def _batch(self) -> None:
        """A file for both queues, whose sender is cut off, and goes on where the marks say."""
        self._batches += 1
        batch, jobs = f"b{self._batches}", [self._new(self.dice.choice(QUEUES)) for _ in range(6)]
        for end in (self.dice.randint(0, 6), 6):
            marks = {queue: self.now(self.gopher.batch_mark(queue, batch)) for queue in QUEUES}
            left = [(n, job) for n, job in enumerate(jobs[:end], 1) if n > marks[job.queue]]
            mine = [job for _, job in left]
            if left:
                lines = [n for n, _ in left]
                receipts = self.now(self.gopher.submit_many(mine, batch=batch, marks=lines))
                assert all(one.accepted for one in receipts), "what the marks do not know is new"
                self._accept(mine, receipts)

    def _move(self) -> None:
        queue, dead = self._any("failed", most=max(3, self.many))
        target = WEST if queue == EAST else EAST
        words = self.now(self.gopher.move(queue, dead, target)) if dead else {}
        # What is refused there comes back, and is counted like one that comes in.
        self.moved += [id for id, answer in words.items() if answer.word in ("enqueued", "taken", "locked")]

    def _retry(self) -> None:
        queue, ids = self._any("failed", "cancelled", "retrying", "blocked", most=max(3, self.many))
        self.now(self.gopher.retry(queue, ids))
        for id in ids:  # an operator has put it forward
            self.parents.pop(id, None)

    def _cancel(self) -> None:
        queue, ids = self._any("enqueued", "scheduled", "processing")
        self.given_up |= set(ids)
        self.now(self.gopher.cancel(queue, ids))

    def _purge(self) -> None:
        queue, ids = self._any("failed", "cancelled", "completed")
        self.given_up |= set(ids)
        self.now(self.gopher.delete(queue, ids))

    def _reschedule(self) -> None:
        queue, ids = self._any("scheduled", "retrying")
        self.now(self.gopher.reschedule(queue, ids, due=self.store.now / 1000 + 1))

    def _pause(self) -> None:
        queue = self.dice.choice(QUEUES)
        if queue in self.now(self.gopher.queues()):
            self.now(self.gopher.pause(queue, paused=True))
            self._lease()
            self.now(self.gopher.pause(queue, paused=False))

    # What workers do

    def _lease(self) -> None:
        worker, queue = self.dice.choice(self.workers), self.dice.choice(QUEUES)
        self.take(worker, queue, max(self.many, 4))

    def take(self, worker: str, queue: str, many: int) -> list[Lease]:
        self._fetches += 1
        fetch = {"token": f"{worker}:{self._fetches}", "sequence": self._fetches, "count": many}
        batch = self.now(self.gopher.reserve(queue, worker=worker, **fetch))
        for lease in batch.leases:
            early = [p for p in self.parents.get(lease.id, ()) if not (self.done[p] or p in self.given_up)]
            assert not early, f"{lease.id} runs before {early}, which it comes after"
        self.holds.setdefault(worker, []).extend(batch.leases)
        return batch.leases

    def _end(self) -> None:
        worker = self.dice.choice(self.workers)
        mine = self.holds[worker]
        if not mine:
            return
        queue = self.dice.choice(mine).queue
        some = [lease for lease in mine if lease.queue == queue][: max(self.many, 3)]
        outcomes = [
            builders.success(),
            builders.success(),
            builders.success(),
            builders.failure(),
            builders.discard(),
            builders.snooze(),
            builders.loss(),
        ]
        self.end(worker, some, [self.dice.choice(outcomes) for _ in some], carry=self.dice.random() < 0.5)

    def end(self, worker: str, leases: list[Lease], outcomes: list[Any], *, carry: bool = True) -> None:
        ends = list(zip(leases, outcomes, strict=True))
        born = [self._children(lease) if outcome == builders.success() else [] for lease, outcome in ends]
        items = [
            builders.settlement(
                lease, outcome, retention=self.dice.choice([0.0, _RETENTION]),
                follow_ups=encode_follow_ups(children),
            )
            for (lease, outcome), children in zip(ends, born, strict=True)
        ]  # fmt: skip
        verdicts = self.now(self.gopher.settle(worker, items, carry=carry))
        for (lease, outcome), children, verdict in zip(ends, born, verdicts, strict=True):
            if verdict == Verdict.SETTLED:
                self.done[lease.id] += outcome == builders.success()
                for job in children:
                    self._promise(job)
        self.holds[worker] = [lease for lease in self.holds[worker] if lease not in leases]

    def _children(self, lease: Lease) -> list[Job]:
        """Few have any: a chain in one queue, or one job here and one there."""
        kind = self.dice.random()
        if kind < 0.2 and lease.spec.options.parent == "":
            queue, chain = self.dice.choice(QUEUES), list[Job]()
            for _ in range(3):
                chain.append(self._new(queue, after=[job.id for job in chain[-1:]]))
            return chain
        return [self._new(queue) for queue in QUEUES] if kind < 0.4 and self._numbers < 200 else []

    def _carry(self) -> None:
        self.now(self.gopher.relay(self.dice.choice(QUEUES)))

    def _beat(self) -> None:
        worker = self.dice.choice(self.workers)
        for queue in QUEUES:
            told = self.now(self.gopher.renew(queue, worker))
            mine = {lease.id: lease.token for lease in self.holds[worker] if lease.queue == queue}
            state = self.states().get(queue)
            for id in told.lost:
                assert not state or id not in mine or state.record(id).token != mine[id], (
                    f"{id} is still held"
                )
            self.holds[worker] = [
                one for one in self.holds[worker] if one.queue != queue or one.id not in told.lost
            ]

    def _die(self) -> None:
        """Its supervisor sees it, and gives back what it held: that of the other stays where it is."""
        worker, other = self.dice.sample(self.workers, 2)
        for queue in QUEUES:
            before = self.states().get(queue, State({}))
            others = {id for id in before.running if before.record(id).token.startswith(f"{other}:")}
            self.now(self.gopher.release(queue, worker, [lease.id for lease in self.holds[worker]]))
            assert others <= set(self.states().get(queue, State({})).running), "it was another's"
        self.holds[worker] = []

    def _dead(self) -> None:
        if self.dice.random() < 0.3:
            self.store.now += builders.lease_time + 1
        queue = self.dice.choice(QUEUES)
        self.suspects[queue] = self.now(self.gopher.reclaim(queue, self.suspects[queue]))

    def _promote(self) -> None:
        self.now(self.gopher.promote_due(self.dice.choice(QUEUES)))

    def _expire(self) -> None:
        self.now(self.gopher.expire(self.dice.choice(QUEUES)))

    def _later(self) -> None:
        self.store.now += self.dice.choice(_SPANS)

    # The end of it

    def end_well(self) -> None:
        """All faults end: each job that was promised, and that nobody has given up, completes once."""
        for _ in range(100):
            self.store.now += builders.hour
            for queue in QUEUES:
                for _ in range(2):
                    self.suspects[queue] = self.now(self.gopher.reclaim(queue, self.suspects[queue]))
                self.now(self.gopher.relay(queue))
                self.now(self.gopher.promote_due(queue))
                state = self.states().get(queue, State({}))
                self.now(self.gopher.retry(queue, [*state.failed, *state.cancelled]))
                leases = self.take("last", queue, 500)
                if leases:
                    self.end("last", leases, [builders.success()] * len(leases))
            self._free_children_of_the_deleted()
            self.check()
            if not self._busy():
                break
        assert not self._busy(), "it does not come to rest"
        left = self.promised - self.given_up - set(self.done)
        assert not left, f"never completed: {sorted(left)}"

    def _busy(self) -> bool:
        states = self.states().values()
        return any(s.outbox or any(s.state(id) in LIVE for id in s.ids) for s in states)

    def _free_children_of_the_deleted(self) -> None:
        """Who waits for a job that was deleted waits for an operator; for one that has moved nobody waits."""
        for queue, state in self.states().items():
            alone = [id for id in state.blocked if set(self.parents.get(id, ())) & self.given_up]
            self.now(self.gopher.retry(queue, alone))
            for id in alone:
                self.parents.pop(id, None)

    def close(self) -> None:
        self._runner.close()
        if keys := list(self.redis.scan_iter(f"{self.namespace}:*", count=1000)):
            self.redis.unlink(*keys)


def full_memory(town: Town) -> None:
    """Whatever is done while Redis has no memory is refused, or works: nothing of it is done by half."""
    town.redis.config_set("maxmemory", 1)
    try:
        for name in ("submit", "batch", "carry", "move", "retry", "cancel", "expire", "dead", "end"):
            numbers = town._numbers
            try:
                getattr(town, f"_{name}")()
            except GopherError:
                town._numbers = max(numbers, town._numbers)
            town.check()
    finally:
        town.redis.config_set("maxmemory", 0)
