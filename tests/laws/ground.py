"""What people and workers of a walk stand on: the queue, what is known of it, and that the laws hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import builders
from driver import Queue

from gopher_cli.model.job.job import Lease
from gopher_cli.model.numbers.histogram import totals
from laws import check_queue, corrupt
from laws.state import State

MAX_LOSSES = 2


@dataclass
class Worker:
    """What a worker believes: the leases it holds. A dead one comes back under another name."""

    name: str
    holds: dict[str, Lease] = field(default_factory=dict)
    lease_ms: int = builders.lease_time


class Ground:
    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        # Each name begins with all that were there before, as those of replaced runners do.
        self.workers = [Worker("w.1"), Worker("w.11", lease_ms=3 * builders.lease_time)]
        self.leases: list[Lease] = []
        self.over: list[str] = []
        self.longest = 0  # ms, of the leases that were taken
        self.completed: Counter[tuple[str, int]] = Counter()
        self.born = 0
        self.sequence = 0  # the last that a job was given
        self.watched = False
        self._state, self._read_at = State({}), -1

    def watch(self) -> None:
        """From now on the scripts tell what they do."""
        self.watched = True
        self.queue.redis.xadd(self.queue.keys["events"], {"watched": ""})
        self._read_at = -1

    def whole(self) -> State:
        """It is read once between two scripts, and nobody may change what is handed out."""
        if self._read_at != self.queue.runs:
            self._state = self.queue.whole() if self.queue.redis.exists(*self._any) else State({})
            self._read_at = self.queue.runs
        return self._state

    @property
    def _any(self) -> list[str]:
        names = ("meta", "conf", "counters", "wake", "batches", "samples", "expects", "schedules", "events")
        return [self.queue.keys[name] for name in names]

    def check(self) -> None:
        state = self.whole()
        check_queue(state)
        assert not corrupt(state), f"a healthy job was put into quarantine: {corrupt(state)}"
        assert state.ids <= set(state.told) if self.watched else not state.events
        for id, times in self.completed.items():
            assert times == 1, f"{id} has completed {times} times"
        if "paused" not in state.conf:
            ready = sum(len(getattr(state, f"ready_{c}")) for c in ("high", "normal", "low"))
            assert bool(ready) <= len(state.wake), f"{ready} jobs are ready, and nobody is woken"

        cells = totals([state.cells]).values()
        assert sum(cell.completed for cell in cells) == state.counts.get("completed", 0)
        assert sum(sum(cell.failed_run) for cell in cells) == sum(one.retried + one.failed for one in cells)
