"""Operating: cancel, purge, pause. Bulk work goes in slices, so that Redis never waits for it."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.events import JobsPurged, QueuePaused
from gopher_cli.model.stats import JobRow
from gopher_cli.store import calls
from gopher_cli.store.keys import PLACES
from gopher_cli.verbs.base import named
from gopher_cli.verbs.rerunning import Rerunning
from gopher_cli.verbs.sweeping import Bulk, Filter, Tell, described, in_slices


class Operating(Rerunning):
    async def pause(self, queue: str, *, paused: bool = True) -> bool:
        """Return False when the queue was so already. Running jobs are left to finish.

        Raises NotFound for a queue that nobody has used.
        """
        await self.known_queues([queue])
        changed = await self.store.run(calls.pause(self.keys(queue), paused=paused))
        if changed:
            self.emit(QueuePaused(queue, paused))
        await self.audit("pause" if paused else "resume", queue, changed=int(changed))
        return changed

    async def cancel(self, queue: str, ids: Sequence[str]) -> dict[str, str]:
        """For each id: cancelled, requested (it runs), again, gone, or the state that forbids it."""
        words: dict[str, str] = {}
        retention = round(self.defaults.retention * 1000)
        async with self.recorded("cancel", named(queue, ids)) as deed:
            for piece in in_slices(ids):
                words |= await self.store.run(calls.cancel(self.keys(queue), piece, retention_ms=retention))
                deed.changed = sum(word in ("cancelled", "requested") for word in words.values())
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

    async def purge(self, wanted: Filter, *, limit: int = 0, tell: Tell = lambda _: None) -> Bulk:
        """Delete all that the filter means, for good. A running job only if its state is named."""
        done = Bulk()

        async def act(queue: str, place: str, rows: Sequence[JobRow]) -> int:
            ids = [row.id for row in rows]
            gone = await self.store.run(calls.purge(self.keys(queue), place, ids))
            done.changed += gone
            deed.changed = done.changed
            tell(done.changed)
            self.emit(JobsPurged(queue, PLACES[place], gone))
            return len(rows)  # whom it did not find there has left by other hands

        async with self.recorded("purge", described(wanted)) as deed:
            await self.sweep(wanted, act, limit=limit)
        return done
