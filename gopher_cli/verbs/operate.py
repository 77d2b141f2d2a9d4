"""Operating: pause a queue; cancel and delete jobs by their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from gopher_cli.model.facts import JobsPurged, QueuePaused
from gopher_cli.store import calls
from gopher_cli.store.asks import ranges
from gopher_cli.store.keyspace import PLACES
from gopher_cli.verbs.core import in_slices, named
from gopher_cli.verbs.requeue import Rerunning

_LOOKS = 3  # for a job that goes on while it is deleted


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

    async def delete(self, queue: str, ids: Sequence[str], *, force: bool = False) -> dict[str, str]:
        """Delete these for good. For each id: deleted, gone, or processing (that needs ``force``)."""
        words: dict[str, str] = {}
        async with self.recorded("delete", named(queue, ids)) as deed:
            for piece in in_slices(list(dict.fromkeys(ids))):
                words |= await self._delete(queue, piece, force=force)
                deed.changed = sum(word == "deleted" for word in words.values())
        return words

    async def _delete(self, queue: str, ids: Sequence[str], *, force: bool) -> dict[str, str]:
        words, tried, keys = dict.fromkeys(ids, "gone"), set[str](), self.keys(queue)
        for _ in range(_LOOKS):
            stand = dict(zip(ids, await self.store.ask(ranges.places_of(keys, ids)), strict=True))
            words |= {id: "deleted" for id in ids if stand[id] is None and id in tried}
            by_place = defaultdict(list)
            for id, place in stand.items():
                if place == "running" and not force:
                    words[id] = "processing"
                elif place:
                    by_place[place].append(id)
            for place, mine in by_place.items():
                gone = await self.erase(queue, place, mine)
                words |= dict.fromkeys(mine, "deleted" if gone == len(mine) else "processing")
                tried |= set(mine)
            ids = [id for id in tried if words[id] != "deleted"]
            if not ids:
                break
        return words

    async def erase(self, queue: str, place: str, ids: Sequence[str]) -> int:
        """Delete those of them that are in this place; how many were."""
        gone = await self.store.run(calls.purge(self.keys(queue), place, ids))
        self.emit(JobsPurged(queue, PLACES[place], gone))
        return gone
