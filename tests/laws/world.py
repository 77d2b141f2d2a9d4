"""A queue, its people and its workers: every step that may happen, and what must come of it.

The state machine chooses steps with Hypothesis, the mutant gate with plain dice.
"""

from __future__ import annotations

from collections import Counter

import builders

from laws import LIVE
from laws.crew import Crew
from laws.ground import Worker
from laws.people import People
from laws.schedules import Schedules


class World(People, Crew, Schedules):
    """And time goes by."""

    def promote(self) -> None:
        before = self.whole()
        due = {
            id for place in (before.scheduled, before.retrying)
            for id, at in place.items() if at <= self.queue.now
        }  # fmt: skip
        done = self.queue.promote()
        after = self.whole()
        assert done.moved == len(due)
        assert all(after.state(id) == "enqueued" for id in due)
        waiting = [*after.scheduled.values(), *after.retrying.values()]
        assert done.next_due == min(waiting, default=None)
        assert done.cancels == bool(after.cancels)
        assert done.next_tick == min(after.ticks.values(), default=None)

    def expire(self) -> None:
        before = self.whole()
        over = {
            id for place in (before.completed, before.cancelled)
            for id, until in place.items() if until <= self.queue.now
        }  # fmt: skip
        assert self.queue.expire() == len(over)
        after = self.whole()
        assert not over & after.ids
        assert all(until > self.queue.now for until in (*after.lock_ends.values(), *after.asked.values()))

    def sample(self) -> None:
        """How it stands is noted, once a minute."""
        before, minute = self.whole(), str(self.queue.now // builders.minute)
        assert self.queue.sample() == (minute not in before.samples)
        after = self.whole()
        times = sorted(int(at) for at in after.samples)
        assert int(minute) - 24 * 60 <= times[0] and times[-1] == int(minute)
        if minute in before.samples:
            assert after.samples[minute] == before.samples[minute]
            assert after.found | {"samples": 0} == before.found | {"samples": 0}
            return
        states = ("enqueued", "scheduled", "retrying", "blocked", "processing", "failed")
        stand = Counter(before.state(id) for id in before.ids)
        assert after.samples[minute].split(b",")[:6] == [b"%d" % stand[state] for state in states]

    def drain(self) -> None:
        """All faults end. Every job that was accepted must come to an end of its own."""
        self.queue.pause(paused=False)
        self.queue.requeue(*self.whole().blocked)
        for _ in range(200):
            self.queue.later(2 * builders.hour)
            self.look_for_the_dead()
            self.promote()
            self.queue.requeue(*self.whole().blocked)
            worker = Worker("last")
            self.reserve(worker, 100)
            if worker.holds:
                self.settle(worker, [builders.settlement(one) for one in worker.holds.values()])
            self.check()
            state = self.whole()
            if not any(state.state(id) in LIVE for id in state.ids):
                return
        raise AssertionError("it does not drain")
