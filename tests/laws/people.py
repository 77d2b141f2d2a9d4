"""What people may do to a queue, and what must come of it."""

from __future__ import annotations

from gopher_cli.model.job.job import Job
from gopher_cli.store.calls import Receipt
from laws.ground import Ground
from laws.state import State


class People(Ground):
    def submit(self, jobs: list[Job]) -> None:
        before = self.whole()
        expected = self._receipts(before, jobs)

        receipts = self.queue.submit(*jobs)

        assert receipts == expected
        after = self.whole()
        known = set(before.meta)
        for job, receipt in zip(jobs, receipts, strict=True):
            if receipt.accepted:
                self._stands_behind_all_others(after, job)
                assert after.state(job.id) == self._first_state(before, known, job), job
                known.add(job.id)
        if not receipts[0].missing:  # its parent may have come behind it
            assert self.queue.submit(*jobs)[0].accepted is False

    def batch(self, jobs: list[Job], batch: str, mark: int) -> None:
        """A piece of a file: how far it is by now is written down with it."""
        receipts = self.queue.submit(*jobs, batch=batch, mark=mark)
        after = self.whole()
        for job, receipt in zip(jobs, receipts, strict=True):
            if receipt.accepted:
                self._stands_behind_all_others(after, job)
        if not any(one.stops for one in receipts):  # whoever is kept out by one that ends comes again
            assert after.batches.get(batch) == b"%d;%d" % (mark, self.queue.now)

    def _stands_behind_all_others(self, state: State, job: Job) -> None:
        """First in, first out: also after a call of many."""
        sequence = int(state.record(job.id).score % 1e13)
        assert sequence > self.sequence, f"{job.id} is number {sequence}, after {self.sequence}"
        self.sequence = sequence

    def _receipts(self, before: State, jobs: list[Job]) -> list[Receipt]:
        known, locks, receipts = set(before.meta), {}, []
        for job in jobs:
            holder = locks.get(job.lock) or before.holder(job.lock, self.queue.now)
            if job.id in known:
                receipts.append(Receipt(job.id, False, ""))
            elif job.lock and holder:
                held = 0 if holder in known else int(before.lock_ends[job.lock])  # by its lock alone
                receipts.append(Receipt(job.id, False, holder, held, stops=holder in before.cancels))
            elif missing := [id for id in job.spec.options.after if id not in known]:
                receipts.append(Receipt(job.id, False, missing=missing[0]))
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

    def reschedule(self, ids: list[str], delay_ms: int) -> None:
        before, at = self.whole(), max(self.queue.now, self.queue.now + delay_ms)
        words = self.queue.reschedule(*ids, due_ms=self.queue.now + delay_ms)
        after = self.whole()
        for id, word in zip(ids, words, strict=True):
            was = before.state(id)
            waits = was in ("scheduled", "retrying")
            assert word == ("rescheduled" if waits else was)
            assert after.state(id) == was
            if waits:
                assert getattr(after, was)[id] == after.record(id).ready_at == at
                assert not before.events or len(after.events) > len(before.events), "it is told anew"
        assert after.counts == before.counts

    def expect(self, name: str, type: str, every: float) -> None:
        before = self.whole()
        word, stored = self.queue.expect(name, type=type, every=every)
        after = self.whole()
        old = before.expects.get(name, b"").split(b";")
        terms = [type.encode(), b"%.0f" % (every * 1000)]
        same = (
            old[:2] == terms and int(old[3]) <= self.queue.now
        )  # else it counts from now: the clock was ahead
        assert word == ("new" if name not in before.expects else "same" if same else "changed")
        assert stored.last_success == min(int(before.last_success.get(type, 0)), self.queue.now)
        assert after.expects[name].split(b";")[:2] == terms
        assert word != "same" or after.found | {"last_success": 0} == before.found | {"last_success": 0}
        self._keeps_what_is_noted(before, after)

    def drop_expect(self, name: str) -> None:
        before = self.whole()
        assert self.queue.drop_expect(name) == (name in before.expects)
        after = self.whole()
        assert set(after.expects) == set(before.expects) - {name}
        self._keeps_what_is_noted(before, after)

    def _keeps_what_is_noted(self, before: State, after: State) -> None:
        """Of a type that was expected before, and still is."""
        for type, at in before.last_success.items():
            assert after.last_success.get(type, at) in (at, b"%d" % self.queue.now)

    def purge(self, place: str, ids: list[str]) -> None:
        before = getattr(self.whole(), place)
        expected = len(set(ids) & set(before))
        assert self.queue.purge(place, *ids) == expected
        assert not set(ids) & set(getattr(self.whole(), place))

    def pause(self, paused: bool) -> None:
        was = "paused" in self.whole().conf
        assert self.queue.pause(paused=paused) == (was != paused)
        assert ("paused" in self.whole().conf) == paused
