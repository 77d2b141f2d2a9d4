"""A long walk through the world, by plain dice: the same seed is the same walk."""

from __future__ import annotations

from random import Random

import builders
from driver import Queue
from msgspec.structs import replace

from gopher_cli.model.job.job import Job
from gopher_cli.store.keyspace import PLACES as _PLACES
from laws import LIVE
from laws.world import World

PLACES = tuple(_PLACES)
OUTCOMES = (
    builders.success(),
    builders.success(),
    builders.failure(),
    builders.failure(delay=60.0),
    builders.discard(),
    builders.snooze(),
    builders.interruption(),
    builders.loss(),
    builders.cancellation(),
)
STEPS = {
    "submit": 12, "reserve": 12, "settle": 12, "late": 6, "forge": 2, "renew": 4, "report": 2, "die": 3,
    "dead": 6, "promote": 6, "expire": 2, "cancel": 4, "requeue": 4, "purge": 2, "pause": 1, "later": 8,
    "reborn": 2, "stolen": 2, "poison": 2, "in_time": 2, "alone": 2, "asked": 2, "locked": 2,
    "reschedule": 3, "batch": 3,
}  # fmt: skip


class Walk:
    """``check`` after every so many steps; at the end all is drained."""

    def __init__(self, queue: Queue, seed: int) -> None:
        self.world = World(queue)
        self.dice = Random(seed)
        self.aside = Random(f"{seed} aside")  # for what must not change which way a walk goes
        if seed % 2:
            self.world.watch()
        self._numbers = 0

    def go(self, steps: int, *, every: int = 1) -> None:
        names, weights = list(STEPS), list(STEPS.values())
        for step in range(steps):
            (name,) = self.dice.choices(names, weights)
            getattr(self, f"_{name}")()
            if self.aside.random() < 0.2:
                self._expect()
            if step % every == 0:
                self.world.check()
        self.world.drain()

    def _id(self, latest: int = 25) -> str:
        return f"j{self.dice.randint(max(0, self._numbers - latest), self._numbers)}"

    def _live(self) -> str:
        state = self.world.whole()
        live = [id for id in sorted(state.ids) if state.state(id) in LIVE]
        return self.dice.choice([self._id(), *live[-20:]])

    def _worker(self):
        return self.dice.choice(self.world.workers)

    def _job(self) -> Job:
        dice = self.dice
        self._numbers += 1
        unique = dice.choice(["", "", "", "red", "blue"])
        id = f"j{self._numbers}" if dice.random() < 0.95 else self._id()
        return builders.job(
            id,
            priority=dice.choice([0, 3, 5, 6, 10]),
            max_retries=dice.randint(0, 2),
            delay=dice.choice([0.0, 0.0, 0.0, 5.0, 3600.0]),
            after=self._parents() - {id},
            unique_key=unique,
            unique_for=dice.choice([0.0, 30.0]) if unique else 0.0,
        )

    def _parents(self) -> set[str]:
        """Mostly such as are there: with any other the job is refused."""
        chosen = {self._id(6) for _ in range(self.dice.choice([0, 0, 0, 1, 2]))}
        return chosen if self.dice.random() < 0.2 else chosen & set(self.world.whole().meta)

    def _submit(self) -> None:
        jobs = [self._job() for _ in range(self.dice.randint(1, 4))]
        self.world.submit([*jobs, *jobs[: self.dice.random() < 0.1]])

    def _batch(self) -> None:
        jobs = [self._job() for _ in range(self.dice.randint(1, 3))]
        self.world.batch(jobs, self.dice.choice(["monday", "tuesday"]), self._numbers)

    def _reserve(self) -> None:
        self.world.reserve(self._worker(), self.dice.randint(1, 5), lost=self.dice.random() < 0.3)

    def _settle(self) -> None:
        worker = self._worker()
        leases = list(worker.holds.values())[: self.dice.randint(1, 4)]
        retention = self.dice.choice([0.0, 3600.0])
        if self.dice.random() < 0.2:
            self.world.report(worker)
        items = [
            builders.settlement(lease, self.dice.choice(OUTCOMES), retention=retention) for lease in leases
        ]
        for _ in range(self.dice.choice([1, 1, 2]) if items else 0):
            self.world.settle(worker, items)

    def _late(self) -> None:
        if self.world.leases:
            lease = self.dice.choice(self.world.leases[-15:])
            self.world.settle(self._worker(), [builders.settlement(lease, self.dice.choice(OUTCOMES))])

    def _forge(self) -> None:
        self.world.forge(builders.lease(self._live()), self.dice.choice(["", "!", "w.1:never"]))

    def _renew(self) -> None:
        self.world.renew(self._worker())

    def _report(self) -> None:
        self.world.report(self._worker())

    def _die(self) -> None:
        noticed = self.dice.random() < 0.5
        self.world.die(self._worker(), guilty=self.dice.randint(0, 2), noticed=noticed)

    def _dead(self) -> None:
        if self.dice.random() < 0.3:
            self.world.queue.later(builders.lease_time + 1)
        self.world.look_for_the_dead()

    def _promote(self) -> None:
        self.world.promote()

    def _expire(self) -> None:
        self.world.expire()

    def _cancel(self) -> None:
        self.world.cancel(self._live())

    def _requeue(self) -> None:
        state = self.world.whole()
        dead = [*state.failed, *state.cancelled, *state.blocked]
        ids = self.dice.sample(dead, min(2, len(dead)))
        self.world.requeue([*ids, *ids[:1], self._id()])

    def _reschedule(self) -> None:
        state = self.world.whole()
        waiting = [*state.scheduled, *state.retrying]
        ids = self.dice.sample(waiting, min(2, len(waiting)))
        self.world.reschedule(
            [*ids, *ids[:1], self._id()], self.dice.choice([-5, builders.second, builders.hour])
        )

    def _purge(self) -> None:
        place, state = self.dice.choice(PLACES), self.world.whole()
        there = list(getattr(state, place))[:2]
        self.world.purge(place, [*there, *there[:1], self._id()])

    def _reborn(self) -> None:
        """A blocked job is purged, and one with its id waits for another."""
        self._numbers += 3
        first, second, child = (f"j{self._numbers - n}" for n in (2, 1, 0))
        parents = [builders.job(first, priority=10), builders.job(second, priority=10)]
        self.world.submit([*parents, builders.job(child, after=[first])])
        self.world.purge("blocked", [child])
        self.world.submit([builders.job(child, after=[second])])
        self._finish(first)

    def _finish(self, id: str) -> None:
        worker = self._worker()
        self.world.reserve(worker, 3)
        if lease := worker.holds.get(id):
            self.world.settle(worker, [builders.settlement(lease)])

    def _asked(self) -> None:
        """A running job is to stop, and its worker dies."""
        worker = self._worker()
        self.world.reserve(worker, 2)
        for id in list(worker.holds)[-2:]:
            self.world.cancel(id)
        end = self.dice.choice(["renew", "fail", "die"])
        if end == "renew":
            self.world.renew(worker)
        elif end == "fail":
            leases = list(worker.holds.values())
            self.world.settle(worker, [builders.settlement(one, builders.failure()) for one in leases])
        else:
            self.world.die(worker, guilty=0, noticed=True)

    def _locked(self) -> None:
        """A lock has an end of its own, and its job lives longer, or not so long; or it is purged."""
        self._numbers += 1
        id = f"j{self._numbers}"
        if self.dice.random() < 0.3:
            self.world.submit([builders.job(id, priority=10, unique_key=id, unique_for=3600.0)])
            self._finish(id)
            return
        lasts = self.dice.choice([0.0, 30.0])
        self.world.submit([builders.job(id, unique_key=id, unique_for=lasts, delay=3600.0)])
        if lasts:
            self.world.queue.later(builders.minute)
            self.world.expire()
        else:
            self.world.purge("scheduled", [id])

    def _stolen(self) -> None:
        """A worker stalls, another gets its jobs, and then its supervisor sees it die."""
        first, second = self.world.workers
        self._submit()
        self.world.reserve(first, 2)
        self._lose()
        self.world.reserve(second, 4)
        if self.dice.random() < 0.5:
            self.world.renew(first)
        self.world.die(first, guilty=1, noticed=True)

    def _alone(self) -> None:
        """All that is ready is held by one; it dies, or time passes: somebody must be woken."""
        worker = self._worker()
        self.world.reserve(worker, 500)
        end = self.dice.choice(["die", "hand back", "wait"])
        if end == "die":
            self.world.die(worker, guilty=0, noticed=True)
        elif end == "hand back":
            leases = list(worker.holds.values())[:100]
            self.world.settle(worker, [builders.settlement(one, builders.interruption()) for one in leases])
        else:
            self.world.queue.later(builders.minute)
            self.world.promote()
        self.world.check()

    def _poison(self) -> None:
        """A job with a lock takes its worker down, again and again; another gets the lock."""
        self._numbers += 2
        id, other, lock = f"j{self._numbers - 1}", f"j{self._numbers}", f"u{self._numbers}"
        self.world.submit([builders.job(id, priority=10, unique_key=lock)])
        for worker in self.world.workers:
            self.world.reserve(worker, 2)
            self._lose()
        self.world.submit([builders.job(other, unique_key=lock)])
        self.world.requeue([id])

    def _in_time(self) -> None:
        """What a job waits for is done, and its time has not come."""
        self._numbers += 2
        parent, child = f"j{self._numbers - 1}", f"j{self._numbers}"
        waits = builders.job(child, after=[parent], delay=60.0)
        if self.dice.random() < 0.5:  # as an older client may say it
            options = replace(waits.spec.options, after=(parent, parent))
            waits = replace(waits, spec=replace(waits.spec, options=options))
        self.world.submit([builders.job(parent, priority=10), waits])
        self._finish(parent)

    def _lose(self) -> None:
        self.world.queue.later(builders.lease_time + 1)
        self.world.look_for_the_dead()
        self.world.look_for_the_dead()

    def _pause(self) -> None:
        self.world.pause(True)
        self._reserve()
        self.world.pause(self.dice.random() < 0.1)

    def _expect(self) -> None:
        dice = self.aside
        name = dice.choice(["nightly", "weekly", "other"])
        if dice.random() < 0.3:
            self.world.drop_expect(name)
        else:
            self.world.expect(name, dice.choice(["mail", "rare"]), dice.choice([60.0, 3600.0]))

    def _later(self) -> None:
        spans = [
            1,
            builders.second,
            6 * builders.second,
            builders.minute,
            builders.hour,
            2 * builders.day,
            -5 * builders.second,
        ]
        span = self.dice.choice(spans)
        for ms in (
            (span, -span, span) if span == builders.minute else (span,)
        ):  # back into a minute that was noted
            self.world.queue.later(ms)
            self.world.sample()
