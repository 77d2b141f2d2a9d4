"""What workers may do, and what must come of it: take jobs, settle them, die."""

from __future__ import annotations

from typing import Any

import builders

from gopher_cli.model.job.job import Lease
from gopher_cli.store.calls import Settlement, Verdict
from laws.ground import MAX_LOSSES, Ground, Worker
from laws.state import State


def has_begun(state: State, id: str) -> bool:
    """What only waits in a worker has half a ms in its lease."""
    return not state.running[id] % 1


class Crew(Ground):
    def reserve(self, worker: Worker, count: int, *, lost: bool = False) -> None:
        """A fetch. With ``lost`` its first answer gets lost on the way, and it is sent again."""
        before = self.whole()
        line = [
            id for name in ("high", "normal", "low")
            for id, _ in sorted(getattr(before, f"ready_{name}").items(), key=lambda job: job[1])
        ]  # fmt: skip
        expected = [] if "paused" in before.conf else line[:count]
        self.queue.redis.delete(self.queue.keys["wake"])  # its token is what has woken this worker

        fetch: dict[str, Any] = {"token": f"{worker.name}:{self.born}-{len(self.leases)}"}
        fetch |= {"count": count, "starts": count // 2, "max_losses": MAX_LOSSES, "lease_ms": worker.lease_ms}
        batch = self.queue.fetch(worker.name, sequence=self._sequence(), **fetch)
        if lost:
            batch = self.queue.fetch(worker.name, sequence=self._last, **fetch)

        got = [lease.id for lease in batch.leases]
        assert got == expected or (lost and sorted(got) == sorted(expected)), (got, expected)
        assert batch.paused == ("paused" in before.conf)
        for lease in batch.leases:
            assert lease.attempt == before.record(lease.id).attempts + 1
            assert lease.losses == before.record(lease.id).losses
            worker.holds[lease.id] = lease
            self.longest = max(self.longest, worker.lease_ms)
        self.leases += batch.leases
        after = self.whole()
        for n, lease in enumerate(() if lost else batch.leases):
            starts = n < count // 2 and lease.losses < MAX_LOSSES - 1
            assert has_begun(after, lease.id) == starts, "what begins at once is marked"

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
        self._successes(before, after, items, verdicts)
        untouched = before.ids - {i.lease.id for i in items} - set(before.blocked)
        assert all(before.meta[id] == after.meta.get(id) for id in untouched)

    def _successes(
        self, before: State, after: State, items: list[Settlement], verdicts: list[Verdict]
    ) -> None:
        """Of each type that is expected, and of no other."""
        took = [i for i, verdict in zip(items, verdicts, strict=True) if verdict == Verdict.SETTLED]
        done = {item.lease.spec.type for item in took if item.to.state == "completed"}
        now = b"%d" % self.queue.now
        assert after.last_success == {t: now if t in done else at for t, at in before.last_success.items()}

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
        ended = expected == "retrying" or (expected == "scheduled" and item.run_us)
        assert record.losses == (0 if ended else losses)
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
        for outcome in (builders.success(), builders.failure()):
            (verdict,) = self.queue.settle(builders.settlement(forged, outcome), worker="thief")
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
        begun = sorted(worker.holds)[: len(before.running) % 3]
        spared = not len(before.running) % 5
        told = self.queue.renew(worker.name, begun, spared=spared, lease_ms=worker.lease_ms)
        after = self.whole()
        held = before.held.get(worker.name, {})
        mine = {
            id for id in held
            if id in before.running and before.record(id).token.startswith(f"{worker.name}:")
        }  # fmt: skip
        assert set(told.lost) == set(held) - mine
        assert set(told.cancel) == mine & set(before.cancels)
        for id in mine:
            assert int(after.running[id]) == self.queue.now + worker.lease_ms
            assert has_begun(after, id) == (not spared and (id in begun or has_begun(before, id)))
        for id in told.lost:
            worker.holds.pop(id, None)

    def die(self, worker: Worker, *, guilty: int, noticed: bool) -> None:
        """A worker vanishes. Its supervisor may notice, or its leases have to end."""
        before, running = self.whole(), sorted(worker.holds)[:guilty]
        if noticed:
            jobs, left = self.queue.release(worker.name, running, max_losses=MAX_LOSSES)
            assert left == 0
            after = self.whole()
            mine = [id for id in before.running if self._owner(before, id) == worker.name]
            assert sorted(id for id, _ in jobs) == sorted(mine)
            for id, state in jobs:
                self._taken_back(before, after, id, state, guilty=id in running)
            assert not {i for i in after.running if worker.name == self._owner(after, i)}
        self.born += 1
        worker.name, worker.holds = f"w.11{'1' * self.born}", {}

    def _owner(self, state: State, id: str) -> str:
        return state.record(id).token.partition(":")[0]

    def _taken_back(self, before: State, after: State, id: str, state: str, *, guilty: bool) -> None:
        was, record = before.record(id), after.record(id)
        died = guilty and was.losses + 1 >= MAX_LOSSES
        expected = "failed" if died else "cancelled" if id in before.cancels else "enqueued"
        assert (state, after.state(id)) == (expected, expected), id
        assert record.attempts == was.attempts - 1, "a loss spends no attempt"
        assert record.losses == was.losses + guilty
        assert record.ready_at == was.ready_at, "who comes back waits on"

    def look_for_the_dead(self) -> None:
        before = self.whole()
        done = self.queue.reclaim(self.over, max_losses=MAX_LOSSES)
        after = self.whole()
        gone = {
            id for id, expiry in before.running.items()
            if expiry <= self.queue.now and f"{expiry:.15g}" in self.over
        }  # fmt: skip
        assert {id for id, _, _ in done.jobs} == gone
        for id, state, worker in done.jobs:
            assert worker == self._owner(before, id)
            self._taken_back(before, after, id, state, guilty=has_begun(before, id))
        for id, expiry in after.running.items():
            if before.running[id] <= self.queue.now + 2 * self.longest:
                assert expiry == before.running[id], f"a living worker's lease of {id} is cut"
        self.over = done.over
