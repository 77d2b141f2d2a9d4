"""Operating: cancel, run again, purge, pause. Bulk work goes in slices, so that Redis never waits for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gopher_cli.events import JobsPurged, JobsRequeued, QueuePaused
from gopher_cli.model.job import Job
from gopher_cli.model.stats import JobRow
from gopher_cli.store import ask, calls
from gopher_cli.store.codec import decode_spec
from gopher_cli.store.keys import PLACES
from gopher_cli.verbs.sweeping import SLICE, Filter, Sweeping

Tell = Callable[[int], None]


@dataclass(slots=True)
class Bulk:
    """What a bulk verb did: how many jobs it changed, and those that it had to leave, by reason."""

    changed: int = 0
    left: dict[str, int] = field(default_factory=dict)


class Operating(Sweeping):
    async def pause(self, queue: str, *, paused: bool = True) -> bool:
        """Return False when the queue was so already. Running jobs are left to finish.

        Raises NotFound for a queue that nobody has used.
        """
        await self.known_queues([queue])
        changed = await self.store.run(calls.pause(self.keys(queue), paused=paused))
        if changed:
            self.emit(QueuePaused(queue, paused))
        return changed

    async def cancel(self, queue: str, ids: Sequence[str]) -> dict[str, str]:
        """For each id: cancelled, requested (it runs), again, gone, or the state that forbids it."""
        words: dict[str, str] = {}
        retention = round(self.defaults.retention * 1000)
        for piece in _pieces(ids):
            words |= await self.store.run(calls.cancel(self.keys(queue), piece, retention_ms=retention))
        return words

    async def requeue(self, queue: str, ids: Sequence[str], *, source: str = "any") -> dict[str, str]:
        """Run these again now. For each id: enqueued, again, locked, gone, or the state that forbids it."""
        words: dict[str, str] = {}
        for piece in _pieces(ids):
            words |= await self.store.run(calls.requeue(self.keys(queue), piece, source=source))
        if back := [id for id, word in words.items() if word == "enqueued"]:
            self.emit(JobsRequeued(queue, back))
        return words

    async def move(self, queue: str, ids: Sequence[str], target: str) -> dict[str, str]:
        """Requeue dead jobs into another queue: stored there first, then deleted here.

        A crash in between leaves a job in both; the same command again finishes it.
        """
        await self.announce([target])
        words = {}
        specs, _, _ = await self.store.ask(ask.records(self.keys(queue), ids))
        for id, spec in zip(ids, specs, strict=True):
            job = Job(id=id, queue=target, spec=decode_spec(spec))
            (receipt,) = await self.store.run(calls.submit(self.keys(target), [job]))
            if receipt.duplicate_of:
                words[id] = "locked"
                continue
            gone = await self.store.run(calls.purge(self.keys(queue), "failed", [id]))
            words[id] = "enqueued" if gone else "gone"
        return words

    async def count(self, wanted: Filter) -> dict[tuple[str, str], int]:
        """How many jobs a filter means, by (queue, state): what a destructive verb says first."""
        found: dict[tuple[str, str], int] = {}

        async def add(queue: str, place: str, rows: Sequence[JobRow]) -> int:
            key = (queue, PLACES[place])
            found[key] = found.get(key, 0) + len(rows)
            return 0

        if wanted.by_content:
            await self.sweep(wanted, add)
            return found
        for queue, place in await self.places(wanted):
            depth = await self.store.run(calls.depth(self.keys(queue)))
            key = (queue, PLACES[place])
            found[key] = found.get(key, 0) + depth.sizes[place]
        return {key: count for key, count in found.items() if count}

    async def requeue_all(
        self,
        wanted: Filter,
        *,
        limit: int = 0,
        rate: float = 0.0,
        target: str = "",
        tell: Tell = lambda _: None,
    ) -> Bulk:
        """Run all that the filter means again, oldest first; ``rate`` in jobs a second, 0 is no limit."""
        done = Bulk()

        async def act(queue: str, place: str, rows: Sequence[JobRow]) -> int:
            ids = [row.id for row in rows]
            back = self.move(queue, ids, target) if target else self.requeue(queue, ids, source=PLACES[place])
            words = list((await back).values())
            for word in words:
                if word == "enqueued":
                    done.changed += 1
                else:
                    done.left[word] = done.left.get(word, 0) + 1
            tell(done.changed)
            if rate:
                import asyncio  # late: a command that does not wait starts without it

                await asyncio.sleep(len(ids) / rate)
            return sum(word in ("enqueued", "gone", "again") for word in words)

        await self.sweep(wanted, act, limit=limit, step=max(1, min(SLICE, int(rate))) if rate else SLICE)
        return done

    async def purge(self, wanted: Filter, *, limit: int = 0, tell: Tell = lambda _: None) -> Bulk:
        """Delete all that the filter means, for good. A running job only if its state is named."""
        done = Bulk()

        async def act(queue: str, place: str, rows: Sequence[JobRow]) -> int:
            ids = [row.id for row in rows]
            gone = await self.store.run(calls.purge(self.keys(queue), place, ids))
            done.changed += gone
            tell(done.changed)
            self.emit(JobsPurged(queue, PLACES[place], gone))
            return gone

        await self.sweep(wanted, act, limit=limit)
        return done


def _pieces(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + SLICE] for start in range(0, len(ids), SLICE)]
