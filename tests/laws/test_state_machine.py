"""Whatever people, workers, clocks and crashes do in whatever order, the laws hold."""

from __future__ import annotations

from random import Random
from uuid import uuid4

import builders
import pytest
from driver import Queue
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from redis import Redis

from laws.schedule_steps import ScheduleSteps
from laws.walk import OUTCOMES, PLACES
from laws.world import World

workers = st.integers(0, 1)
numbers = st.integers(0, 30)
seconds = st.sampled_from([0, 0, 0, 5, 3600])
names = st.sampled_from(["nightly", "weekly"])


@st.composite
def jobs(draw):
    after = draw(st.lists(numbers, max_size=2)) if draw(st.booleans()) else []
    unique = draw(st.sampled_from(["", "", "red", "blue"]))
    number = draw(numbers)
    return builders.job(
        f"j{number}",
        priority=draw(st.sampled_from([0, 3, 5, 6, 10])),
        max_retries=draw(st.integers(0, 2)),
        delay=float(draw(seconds)),
        after=[f"j{n}" for n in after if n != number],
        unique_key=unique,
        unique_for=float(draw(seconds)) if unique else 0.0,
    )


class Machine(RuleBasedStateMachine):
    server: Redis

    @initialize()
    def start(self):
        self.world = World(Queue(self.server, f"machine-{uuid4().hex[:8]}"))

    @rule(batch=st.lists(jobs(), min_size=1, max_size=4))
    def submit(self, batch):
        self.world.submit(batch)

    @rule(worker=workers, count=st.integers(1, 4), lost=st.booleans())
    def reserve(self, worker, count, lost):
        self.world.reserve(self.world.workers[worker], count, lost=lost)

    @rule(
        worker=workers,
        outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=4),
        retention=st.sampled_from([0.0, 3600.0]),
        again=st.booleans(),
    )
    def settle(self, worker, outcomes, retention, again):
        mine = self.world.workers[worker]
        items = [
            builders.settlement(lease, outcome, retention=retention)
            for lease, outcome in zip(mine.holds.values(), outcomes, strict=False)
        ]
        for _ in range(1 + again if items else 0):
            self.world.settle(mine, items)

    @rule(n=numbers, outcome=st.sampled_from(OUTCOMES))
    def settle_with_a_lease_of_long_ago(self, n, outcome):
        if self.world.leases:
            lease = self.world.leases[n % len(self.world.leases)]
            self.world.settle(self.world.workers[0], [builders.settlement(lease, outcome)])

    @rule(n=numbers, token=st.sampled_from(["", "!", "w.1:never"]))
    def forge(self, n, token):
        self.world.forge(builders.lease(f"j{n}"), token)

    @rule(worker=workers)
    def renew(self, worker):
        self.world.renew(self.world.workers[worker])

    @rule(worker=workers)
    def report(self, worker):
        self.world.report(self.world.workers[worker])

    @rule(worker=workers, guilty=st.integers(0, 2), noticed=st.booleans())
    def die(self, worker, guilty, noticed):
        self.world.die(self.world.workers[worker], guilty=guilty, noticed=noticed)

    @rule()
    def look_for_the_dead(self):
        self.world.look_for_the_dead()

    @rule()
    def promote(self):
        self.world.promote()

    @rule()
    def expire(self):
        self.world.expire()

    @rule(n=numbers)
    def cancel(self, n):
        self.world.cancel(f"j{n}")

    @rule(ns=st.lists(numbers, min_size=1, max_size=3))
    def requeue(self, ns):
        self.world.requeue([f"j{n}" for n in ns])

    @rule(
        ns=st.lists(numbers, min_size=1, max_size=3),
        ms=st.sampled_from([-builders.second, builders.second, builders.hour]),
    )
    def reschedule(self, ns, ms):
        self.world.reschedule([f"j{n}" for n in ns], ms)

    @rule(place=st.sampled_from(PLACES), ns=st.lists(numbers, min_size=1, max_size=3))
    def purge(self, place, ns):
        self.world.purge(place, [f"j{n}" for n in ns])

    @rule(paused=st.booleans())
    def pause(self, paused):
        self.world.pause(paused)

    @rule(name=names, type=st.sampled_from(["mail", "rare"]), every=st.sampled_from([60.0, 3600.0]))
    def expect(self, name, type, every):
        self.world.expect(name, type, every)

    @rule(name=names)
    def drop_expect(self, name):
        self.world.drop_expect(name)

    @rule(seed=st.integers(0, 255))
    def schedule(self, seed):
        ScheduleSteps(self.world, Random(f"{seed} {len(self.world.leases)}")).step()

    @rule(ms=st.sampled_from([1, builders.second, 16 * builders.second, builders.hour, -5 * builders.second]))
    def later(self, ms):
        self.world.queue.later(ms)
        self.world.sample()

    @invariant()
    def the_laws_hold(self):
        self.world.check()

    def teardown(self):
        if hasattr(self, "world"):
            self.world.drain()
            self.world.queue.forget()


@pytest.mark.parametrize("part", [1, 2])
def test_the_laws_hold_whatever_happens(redis, part):
    class Here(Machine):
        server = redis

    run = settings(
        max_examples=30, stateful_step_count=40, deadline=None, derandomize=part == 1,
        suppress_health_check=list(HealthCheck), print_blob=True,
    )  # fmt: skip
    Here.TestCase.settings = run
    Here.TestCase(methodName="runTest").runTest()
