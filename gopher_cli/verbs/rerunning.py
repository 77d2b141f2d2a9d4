"""Running again: dead and waiting jobs, in their own queue or in another."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.events import JobsRequeued
from gopher_cli.model.errors import BadData
from gopher_cli.model.job import Job
from gopher_cli.store import ask, calls
from gopher_cli.store.codec import encode_spec, revived
from gopher_cli.verbs.base import in_slices, named
from gopher_cli.verbs.producing import round_trips
from gopher_cli.verbs.queues import Queues


class Rerunning(Queues):
    async def requeue(self, queue: str, ids: Sequence[str], *, source: str = "any") -> dict[str, str]:
        """Run these again now. For each id: enqueued, again, locked, gone, or the state that forbids it."""
        words: dict[str, str] = {}
        async with self.recorded("requeue", named(queue, ids)) as deed:
            for piece in in_slices(ids):
                words |= await self.store.run(calls.requeue(self.keys(queue), piece, source=source))
                deed.changed = _enqueued(words)
        if back := [id for id, word in words.items() if word == "enqueued"]:
            self.emit(JobsRequeued(queue, back))
        return words

    async def move(self, queue: str, ids: Sequence[str], target: str) -> dict[str, str]:
        """Requeue dead jobs into another queue: stored there first, then deleted here.

        For each id: enqueued, locked, gone (no dead job), unreadable, or taken (another job there has
        its id).
        A crash in between leaves a job in both; the same command again finishes it.
        """
        if target == queue:
            return await self.requeue(queue, ids, source="failed")
        await self.announce([target])
        words: dict[str, str] = {}
        async with self.recorded("move", named(queue, ids), f"to {target}") as deed:
            for piece in in_slices(list(dict.fromkeys(ids))):
                words |= await self._carry(queue, piece, target)
                deed.changed = _enqueued(words)
        return words

    async def _carry(self, queue: str, ids: Sequence[str], target: str) -> dict[str, str]:
        keys, words = self.keys(queue), dict.fromkeys(ids, "gone")
        died = dict(zip(ids, await self.store.ask(ask.scores(keys, "failed", ids)), strict=True))
        dead = [id for id in ids if died[id] is not None]
        specs, _, _ = await self.store.ask(ask.records(keys, dead))
        jobs = []
        for id, spec in zip(dead, specs, strict=True):
            try:
                jobs.append(revived(id, target, spec))
            except BadData:
                words[id] = "unreadable"
        for trip in round_trips(enumerate(jobs)):
            words |= await self._store(target, [job for _, job in trip], died)
        if moved := [id for id, word in words.items() if word == "enqueued"]:
            await self.store.run(calls.purge(keys, "failed", moved))
        return words

    async def _store(self, target: str, jobs: Sequence[Job], died: dict[str, float | None]) -> dict[str, str]:
        """Submit into the other queue; enqueued is also what an interrupted move has left there."""
        keys = self.keys(target)
        receipts = await self.store.run(calls.submit(keys, jobs), "submit")
        words = {one.id: "enqueued" if one.accepted else "locked" for one in receipts}
        known = [
            job
            for job, one in zip(jobs, receipts, strict=True)
            if not one.accepted and one.duplicate_of in ("", one.id)
        ]
        specs, metas, _ = await self.store.ask(ask.records(keys, [job.id for job in known]))
        for job, spec, meta in zip(known, specs, metas, strict=True):
            # A job of the same id is ours if it says the same, and came after ours had died.
            later = calls.read_record(meta).created >= (died[job.id] or 0)
            words[job.id] = "enqueued" if later and spec == (job.stored or encode_spec(job.spec)) else "taken"
        return words

    async def promote(self, queue: str, ids: Sequence[str]) -> dict[str, str]:
        """Let scheduled and retrying jobs stand in line now, with the attempts that they have left.

        For each id: enqueued, again, gone, or the state that forbids it.
        """
        async with self.recorded("promote", named(queue, ids)) as deed:
            words = await self.requeue(queue, ids, source="scheduled")
            if waiting := [id for id, word in words.items() if word == "retrying"]:
                words |= await self.requeue(queue, waiting, source="retrying")
            deed.changed = _enqueued(words)
        return words


def _enqueued(words: dict[str, str]) -> int:
    return sum(word == "enqueued" for word in words.values())
