"""Steps that concern schedules: among others in the state machine, and in a walk of their own."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import builders
from driver import Queue

from gopher_cli.model.job.job import Job
from gopher_cli.model.job.outcome import Outcome
from gopher_cli.store.asks.schedules import read_standing
from laws.ground import Worker
from laws.schedules import MOST, Seen
from laws.world import World

NAMES = ("s1", "s2", "s3")  # one more than a queue takes
_CHANGES = {"define": 2, "count": 5, "restart": 4, "pause": 2, "resume": 2, "remove": 1}
_KEYS = ("", "", "", "red", "blue")
_SPANS = (1, builders.second, builders.minute, builders.hour)


class ScheduleSteps:
    def __init__(self, world: World, dice: Random) -> None:
        self.world, self.dice = world, dice
        self._numbers = 0
        self._read: dict[str, Seen] = {}  # by somebody who has stood still since

    def step(self) -> None:
        name = self.dice.choice(NAMES)
        seen = self._seen(name)
        if name not in self.world.whole().schedules:
            self.world.change(name, self.dice.choice(["count", "count", "remove"]), seen, self._span())
        else:
            act = self.dice.choice([self._tick, self._tick, self._tick, self._by_hand, self._change])
            act(name, seen)

    def _seen(self, name: str) -> Seen:
        """Mostly what there is, sometimes what there was, or never."""
        now, before = self.world.seen(name), self._read.get(name, Seen())
        if self.dice.random() < 0.15:
            earlier = str(int(now.tick) - 1) if now.tick else before.tick
            return self.dice.choice([before, now._replace(tick=earlier), now._replace(revision="7")])
        self._read[name] = now
        return now

    def _span(self) -> int | None:
        return self.dice.choice([*_SPANS, None]) if self.dice.random() < 0.2 else self.dice.choice(_SPANS)

    def _change(self, name: str, seen: Seen) -> None:
        (what,) = self.dice.choices(list(_CHANGES), list(_CHANGES.values()))
        paused = read_standing(self.world.whole().runs[name]).pause
        if seen.tick and self.dice.random() < 0.3:
            self.world.queue.later(max(0, int(seen.tick) - self.world.queue.now))
        none = (paused and what != "resume") or self.dice.random() < 0.4
        span = None if none else self._span()
        self.world.change(name, what, seen, span, f'{{"n":{self.dice.randint(0, 9)}}}')

    def _job(self, name: str, keys: Sequence[str] = _KEYS) -> Job:
        """Mostly the job of an instant that nobody knows, and then it is done soon."""
        dice = self.dice
        self._numbers += dice.random() < 0.8
        unique = dice.choice(keys)
        return builders.job(
            f"{name}:{self.world.queue.keys.queue}:{self._numbers}",
            priority=dice.choice([3, 5, 10, 10]),
            due=dice.choice([0.0, 0.0, 0.0, self.world.queue.now / 1000 + 5]),
            unique_key=unique,
            unique_for=dice.choice([0.0, 5.0]) if unique else 0.0,
        )

    def _tick(self, name: str, seen: Seen) -> None:
        dice, world = self.dice, self.world
        if seen.tick and dice.random() < 0.8:
            world.queue.later(max(0, int(seen.tick) - world.queue.now))
        overlap = dice.choice(["skip", "all"])
        # Several of one tick are only asked for where they may overlap. Each has an instant of its own.
        keys = dice.choice([_KEYS, ["red"]])  # so that they keep each other out
        jobs = [
            self._job(name, keys)
            for _ in range(dice.choice([0, 1, 1] if overlap == "skip" else [0, 1, 3, 3]))
        ]
        jobs = list({job.id: job for job in jobs}.values())
        ran = read_standing(world.whole().runs.get(name)).ran
        world.tick(
            name, seen, jobs, missed=dice.choice([0, 0, 2]), next_ms=self._span(),
            overlap=overlap, run_limit=dice.choice([0, 0, ran + 1]),
            pause_after=dice.choice([0, 2]),
        )  # fmt: skip
        if dice.random() < 0.5:
            self._end(jobs)

    def die(self) -> None:
        """Two runs in a row die, by a tick or by hand; or somebody lets it go on meanwhile, or one lives."""
        name, dice, world = NAMES[0], self.dice, self.world
        state = world.whole()
        if name not in state.schedules and len(state.schedules) >= MOST:
            return
        if name not in state.schedules or read_standing(state.runs[name]).pause:
            world.change(
                name,
                "restart" if name not in state.schedules else "resume",
                world.seen(name),
                builders.second,
            )
        for n in range(2):
            self._numbers += 1
            job = builders.job(f"{name}:{world.queue.keys.queue}:{self._numbers}", priority=10)
            if dice.random() < 0.3:
                world.by_hand(name, world.seen(name), job, "all")
            else:
                self._due(name)
                world.tick(name, world.seen(name), [job], next_ms=builders.second, overlap="all")
            self._end([job], builders.success() if n and dice.random() < 0.2 else builders.discard())
        if dice.random() < 0.3:
            world.change(name, "pause", world.seen(name), None)
            world.change(name, "resume", world.seen(name), builders.second)
        self._due(name)
        world.tick(
            name,
            world.seen(name),
            [self._job(name)],
            missed=2,
            next_ms=builders.second,
            pause_after=dice.choice([2, 3]),
        )

    def lock_again(self) -> None:
        """A key that was held for some time beyond its job is taken by one that holds it while it lives."""
        name, world = NAMES[0], self.world
        state = world.whole()
        if name not in state.schedules or read_standing(state.runs[name]).pause:
            return
        for lasts in (5.0, 0.0):
            self._numbers += 1
            id = f"{name}:{world.queue.keys.queue}:{self._numbers}"
            job = builders.job(id, priority=10, unique_key="green", unique_for=lasts)
            self._due(name)
            world.tick(name, world.seen(name), [job], next_ms=6 * builders.second, overlap="all")
            self._end([job])

    def _due(self, name: str) -> None:
        """Its next moment comes."""
        if not self.world.seen(name).tick:
            self.world.change(name, "restart", self.world.seen(name), builders.second)
        self.world.queue.later(max(0, int(self.world.seen(name).tick) - self.world.queue.now))

    def _by_hand(self, name: str, seen: Seen) -> None:
        self.world.by_hand(name, seen, self._job(name), self.dice.choice(["skip", "all"]))

    def _end(self, jobs: list[Job], outcome: Outcome | None = None) -> None:
        """Those of them that are first in line run, and mostly die."""
        worker = self.dice.choice(self.world.workers)
        self.world.reserve(worker, 3)
        leases = [worker.holds[job.id] for job in jobs if job.id in worker.holds]
        outcome = outcome or self.dice.choice([builders.discard(), builders.discard(), builders.success()])
        self.world.settle(
            worker,
            [builders.settlement(lease, outcome) for lease in {one.id: one for one in leases}.values()],
        )


class ScheduleWalk:
    """Little but schedules and the jobs that they make: what is rare in a walk among other things."""

    def __init__(self, queue: Queue, seed: int) -> None:
        self.world, self.dice = World(queue), Random(seed)
        self.steps = ScheduleSteps(self.world, self.dice)
        if seed % 2:
            self.world.watch()

    def go(self, steps: int, *, every: int = 1) -> None:
        for step in range(steps):
            self.dice.choices(
                [self.steps.step, self.steps.die, self.steps.lock_again, self._run, self._stop, self._forget],
                [20, 2, 1, 2, 2, 1],
            )[0]()
            if step % every == 0:
                self.world.check()

    def _worker(self) -> Worker:
        return self.dice.choice(self.world.workers)

    def _run(self) -> None:
        """Some of them begin, and some end."""
        self.world.promote()
        worker = self._worker()
        self.world.reserve(worker, 2)
        leases = list(worker.holds.values())[: self.dice.randint(0, 2)]
        self.world.settle(
            worker,
            [
                builders.settlement(one, self.dice.choice([builders.success(), builders.failure()]))
                for one in leases
            ],
        )

    def _stop(self) -> None:
        """One that runs is to stop."""
        if running := sorted(self.world.whole().running):
            self.world.cancel(self.dice.choice(running))

    def _forget(self) -> None:
        """What has ended is gone."""
        state = self.world.whole()
        for place in ("completed", "failed", "cancelled"):
            self.world.purge(place, sorted(getattr(state, place))[:5] or ["nobody"])
