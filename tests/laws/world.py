"""A queue, its people and its workers: every step that may happen, and what must come of it.

The state machine chooses steps with Hypothesis, the mutant gate with plain dice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import a
from driver import Queue

from gopher_cli.model.cells import totals
from gopher_cli.model.job import Job, Lease
from gopher_cli.store.calls import Receipt, Settlement, Verdict
from laws import LIVE, check_queue, corrupt
from laws.state import State

MAX_LOSSES = 2


@dataclass
class Worker:
    """What a worker believes: the leases it holds. A dead one comes back under another name."""

    name: str
    holds: dict[str, Lease] = field(default_factory=dict)


class World:
    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.workers = [Worker("w1"), Worker("w2")]
        self.leases: list[Lease] = []
        self.suspects: list[tuple[str, str]] = []
        self.completed: Counter[tuple[str, int]] = Counter()
        self.born = 2
        self.watched = False

    def watch(self) -> None:
        """From now on the scripts tell what they do."""
        self.watched = True
        self.queue.redis.xadd(self.queue.keys["events"], {"watched": ""})

    def whole(self) -> State:
        return self.queue.whole() if self.queue.redis.exists(*self._any) else State({})

    @property
    def _any(self) -> list[str]:
        return [self.queue.keys[name] for name in ("meta", "conf", "counters", "wake", "batches", "samples")]

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

    # People

    def submit(self, jobs: list[Job]) -> None:
        before = self.whole()
        expected = self._receipts(before, jobs)

        receipts = self.queue.submit(*jobs)

        assert receipts == expected
        after = self.whole()
        known = set(before.meta)
        for job, receipt in zip(jobs, receipts, strict=True):
            if receipt.accepted:
                assert after.state(job.id) == self._first_state(before, known, job), job
                known.add(job.id)
        assert self.queue.submit(*jobs)[0].accepted is False

    def _receipts(self, before: State, jobs: list[Job]) -> list[Receipt]:
        known, locks, receipts = set(before.meta), {}, []
        for job in jobs:
            holder = locks.get(job.lock) or before.holder(job.lock, self.queue.now)
            if job.id in known:
                receipts.append(Receipt(job.id, False, ""))
            elif job.lock and holder:
                receipts.append(Receipt(job.id, False, holder))
            else:
                receipts.append(Receipt(job.id))
                known.add(job.id)
                locks[job.lock] = job.id
        return receipts

    def _first_state(self, before: State, known: set[str], job: Job) -> str:
        if any(p in known and p not in before.completed for p in job.spec.options.after):
            return "blocked"
        late = job.delay or job.due * 1000 > self.queue.now
        return "scheduled" if late else "enqueued"

    def cancel(self, id: str) -> None:
        before = self.whole()
        state = before.state(id)
        (word,) = self.queue.cancel(id)
        waiting = state in ("enqueued", "scheduled", "retrying", "blocked")
        words = {"processing": "requested", "cancelled": "again"}
        assert word == ("cancelled" if waiting else words.get(state, state))
        after = self.whole()
        assert after.state(id) == ("cancelled" if waiting else state)
        assert (id in after.cancels) == (state == "processing")

    def requeue(self, ids: list[str]) -> None:
        before = self.whole()
        words = self.queue.requeue(*ids)
        after = self.whole()
        for id, word in zip(ids, words, strict=True):
            was = before.state(id)
            if was in ("failed", "cancelled", "retrying", "scheduled", "blocked"):
                assert word in ("enqueued", "locked"), (word, was)
                assert word == "enqueued" or was in ("failed", "cancelled")
            if word == "enqueued":
                assert after.state(id) == "enqueued"
                fresh = after.record(id)
                assert was not in ("failed", "cancelled") or fresh.attempts == fresh.losses == 0
            elif word == "locked":
                assert before.record(id).lock and after.state(id) == was

    def purge(self, place: str, ids: list[str]) -> None:
        before = getattr(self.whole(), place)
        expected = len(set(ids) & set(before))
        assert self.queue.purge(place, *ids) == expected
        assert not set(ids) & set(getattr(self.whole(), place))

    def pause(self, paused: bool) -> None:
        was = "paused" in self.whole().conf
        assert self.queue.pause(paused=paused) == (was != paused)
        assert ("paused" in self.whole().conf) == paused

    # Workers

    def reserve(self, worker: Worker, count: int, *, lost: bool = False) -> None:
        """A fetch. With ``lost`` its first answer gets lost on the way, and it is sent again."""
        before = self.whole()
        line = [
            id for name in ("high", "normal", "low")
            for id, _ in sorted(getattr(before, f"ready_{name}").items(), key=lambda job: job[1])
        ]  # fmt: skip
        expected = [] if "paused" in before.conf else line[:count]
        self.queue.redis.delete(self.queue.keys["wake"])  # its token is what has woken this worker

        fetch = {"token": f"{worker.name}:{self.born}-{len(self.leases)}"}
        batch = self.queue.fetch(worker.name, count=count, sequence=self._sequence(), **fetch)
        if lost:
            batch = self.queue.fetch(worker.name, count=count, sequence=self._last, **fetch)

        got = [lease.id for lease in batch.leases]
        assert got == expected or (lost and sorted(got) == sorted(expected)), (got, expected)
        assert batch.paused == ("paused" in before.conf)
        for lease in batch.leases:
            assert lease.attempt == before.record(lease.id).attempts + 1
            assert lease.losses == before.record(lease.id).losses
            worker.holds[lease.id] = lease
        self.leases += batch.leases

    _last = 0

    def _sequence(self) -> int:
        self._last += 1
        return self._last

    def settle(self, worker: Worker, items: list[Settlement]) -> None:
        if not items:
            return
        before = self.whole()
        expected = [self._verdict(before, item) for item in items]

        verdicts = self.queue.settle(*items, worker=worker.name, max_losses=MAX_LOSSES)

        assert verdicts == expected
        after = self.whole()
        for item, verdict in zip(items, verdicts, strict=True):
            if worker.holds.get(item.lease.id) == item.lease:
                del worker.holds[item.lease.id]
            if verdict == Verdict.SETTLED:
                self._judge(before, after, item)
                assert item.lease.id not in after.held.get(worker.name, {})
        self._children(before, after)
        untouched = before.ids - {i.lease.id for i in items} - set(before.blocked)
        assert all(before.meta[id] == after.meta.get(id) for id in untouched)

    def _verdict(self, before: State, item: Settlement) -> Verdict:
        id, token = item.lease.id, item.lease.token
        record = before.record(id)
        if id not in before.meta:
            return Verdict.GONE
        if record.token == f"!{token}":
            return Verdict.AGAIN
        late = record.token == f"?{token}"
        assert late or record.token != token or id in before.running
        allowed = record.token == token or (late and item.to.state == "completed")
        return Verdict.SETTLED if allowed else Verdict.STALE

    def _judge(self, before: State, after: State, item: Settlement) -> None:
        id, to, was = item.lease.id, item.to, before.record(item.lease.id)
        expected = str(to.state)
        losses = was.losses + to.lost
        if to.lost and losses >= MAX_LOSSES:
            expected = "failed"
        elif id in before.cancels and expected not in ("completed", "failed"):
            expected = "cancelled"
        if expected == "completed":
            self.completed[id, was.score] += 1
            assert id not in after.waiters, f"somebody still waits for {id}"
            expected = "completed" if to.after else "gone"
        assert after.state(id) == expected, item
        if expected == "gone":
            return
        now, record = self.queue.now, after.record(id)
        kept = item.data if to.state == "completed" else None
        assert after.result.get(id) == (kept or None)
        assert record.losses == losses
        assert record.attempts == was.attempts + (id not in before.running) - (not to.spent)
        if expected in ("scheduled", "retrying", "completed"):
            assert getattr(after, expected)[id] == now + round(to.after * 1000)
        if to.state != "completed":
            assert len(after.errors[id]) > len(before.errors.get(id, b"")), "no history"

    def _children(self, before: State, after: State) -> None:
        """A blocked job waits on for the parents that have not completed, and else for its time."""
        for id, score in before.blocked.items():
            then, entry = before.record(id), f"{id} {before.record(id).score},".encode()
            met = sum(
                entry in children for parent, children in before.waiters.items()
                if parent not in after.waiters
            )  # fmt: skip
            left = score - met
            waits = then.ready_at != then.created and then.ready_at > self.queue.now
            assert after.blocked.get(id, 0) == left, f"{id} waits for {left} jobs"
            assert left or after.state(id) == ("scheduled" if waits else "enqueued"), id

    def forge(self, lease: Lease, token: str) -> None:
        """Whatever is sent with a token that was never given changes nothing."""
        before = self.whole()
        forged = Lease(lease.id, lease.queue, token, 1, 0, lease.spec)
        for outcome in (a.success(), a.failure()):
            (verdict,) = self.queue.settle(a.settlement(forged, outcome), worker="thief")
            assert verdict in (Verdict.STALE, Verdict.GONE)
        assert self.queue.report(forged, progress=b"1", log=b"forged\n") == 0
        assert not self.queue.once(forged, "key", b"1").held
        assert self.whole() == before

    def report(self, worker: Worker) -> None:
        before = self.whole()
        for id, lease in worker.holds.items():
            mine = before.record(id).token == lease.token
            assert self.queue.report(lease, progress=b"0.5", log=b"line\n") == mine
            assert self.queue.once(lease, "key", b"1").held == mine

    def renew(self, worker: Worker) -> None:
        before = self.whole()
        told = self.queue.renew(worker.name)
        after = self.whole()
        held = before.held.get(worker.name, {})
        mine = {
            id for id in held
            if id in before.running and before.record(id).token.startswith(f"{worker.name}:")
        }  # fmt: skip
        assert set(told.lost) == set(held) - mine
        assert set(told.cancel) == mine & set(before.cancels)
        assert all(after.running[id] == self.queue.now + a.lease_time for id in mine)
        for id in told.lost:
            worker.holds.pop(id, None)

    def die(self, worker: Worker, *, guilty: int, noticed: bool) -> None:
        """A worker vanishes. Its supervisor may notice, or its leases have to end."""
        before, running = self.whole(), sorted(worker.holds)[:guilty]
        if noticed:
            jobs, left = self.queue.hand_back(worker.name, running, max_losses=MAX_LOSSES)
            assert left == 0
            after = self.whole()
            mine = [id for id in before.running if self._owner(before, id) == worker.name]
            assert sorted(id for id, _ in jobs) == sorted(mine)
            for id, state in jobs:
                self._taken_back(before, after, id, state, guilty=id in running)
            assert not {i for i in after.running if worker.name == self._owner(after, i)}
        self.born += 1
        worker.name, worker.holds = f"w{self.born}", {}

    def _owner(self, state: State, id: str) -> str:
        return state.record(id).token.partition(":")[0]

    def _taken_back(self, before: State, after: State, id: str, state: str, *, guilty: bool) -> None:
        was, record = before.record(id), after.record(id)
        died = guilty and was.losses + 1 >= MAX_LOSSES
        expected = "failed" if died else "cancelled" if id in before.cancels else "enqueued"
        assert (state, after.state(id)) == (expected, expected), id
        assert record.attempts == was.attempts - 1, "a loss spends no attempt"
        assert record.losses == was.losses + guilty

    def look_for_the_dead(self) -> None:
        before = self.whole()
        done = self.queue.reclaim(self.suspects, max_losses=MAX_LOSSES)
        after = self.whole()
        gone = {
            id for id, expiry in before.running.items()
            if expiry <= self.queue.now and (id, str(int(expiry))) in self.suspects
        }  # fmt: skip
        assert {id for id, _, _ in done.jobs} == gone
        for id, state, worker in done.jobs:
            assert worker == self._owner(before, id)
            self._taken_back(before, after, id, state, guilty=True)
        self.suspects = done.suspects

    # Time

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

    def expire(self) -> None:
        before = self.whole()
        over = {
            id for place in (before.completed, before.cancelled)
            for id, until in place.items() if until <= self.queue.now
        }  # fmt: skip
        assert self.queue.expire() == len(over)
        after = self.whole()
        assert not over & after.ids
        assert all(until > self.queue.now for until in after.lock_ends.values())

    def sample(self) -> None:
        """How it stands is noted, once a minute."""
        before, minute = self.whole(), str(self.queue.now // a.minute)
        assert self.queue.sample() == (minute not in before.samples)
        after = self.whole()
        times = sorted(int(at) for at in after.samples)
        assert int(minute) - 24 * 60 <= times[0] and times[-1] == int(minute)
        if minute in before.samples:
            assert after == before
            return
        states = ("enqueued", "scheduled", "retrying", "blocked", "processing", "failed")
        stand = Counter(before.state(id) for id in before.ids)
        assert after.samples[minute].split(b",")[:6] == [b"%d" % stand[state] for state in states]

    def drain(self) -> None:
        """All faults end. Every job that was accepted must come to an end of its own."""
        self.queue.pause(paused=False)
        self.queue.requeue(*self.whole().blocked)
        for _ in range(200):
            self.queue.later(2 * a.hour)
            self.look_for_the_dead()
            self.promote()
            self.queue.requeue(*self.whole().blocked)
            worker = Worker("last")
            self.reserve(worker, 100)
            if worker.holds:
                self.settle(worker, [a.settlement(one) for one in worker.holds.values()])
            self.check()
            state = self.whole()
            if not any(state.state(id) in LIVE for id in state.ids):
                return
        raise AssertionError("it does not drain")
