"""Deeds on single jobs (delete, promote), and on all that a filter means, some at a time."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from gopher_cli.events import JobsPurged
from gopher_cli.model.errors import Usage
from gopher_cli.model.filtering import Filter
from gopher_cli.model.stats import JobRow
from gopher_cli.store import ask, calls, stretches
from gopher_cli.store.keys import PLACES
from gopher_cli.verbs.base import named
from gopher_cli.verbs.operating import Operating
from gopher_cli.verbs.paging import Page, Paging
from gopher_cli.verbs.sweeping import SLICE, Bulk, Tell, described, in_slices

# Which states each deed is for, where the filter names none; and the word for a job that it has changed.
STATES = {
    "cancel": ("enqueued", "scheduled", "blocked", "retrying", "processing"),
    "retry": ("retrying", "failed"),
    "promote": ("scheduled", "retrying"),
    "purge": tuple(state for state in dict.fromkeys(PLACES.values()) if state != "processing"),
}
_DONE = {"cancel": "cancelled", "retry": "enqueued", "promote": "enqueued", "purge": "deleted"}
_AUDITED = {"cancel": "cancel", "retry": "requeue", "promote": "promote", "purge": "purge"}
_RERUNS = ("retry", "promote")
_LOOKS = 3  # for a job that goes on while it is deleted


class Step(msgspec.Struct, frozen=True):
    """What was done by now; with a ``cursor`` there may be more to do."""

    changed: int
    left: dict[str, int]
    cursor: str


class Bulking(Paging, Operating):
    async def delete(self, queue: str, ids: Sequence[str], *, force: bool = False) -> dict[str, str]:
        """Delete these for good. For each id: deleted, gone, or processing: that needs ``force``."""
        words: dict[str, str] = {}
        async with self.recorded("delete", named(queue, ids)) as deed:
            for piece in in_slices(list(dict.fromkeys(ids))):
                words |= await self._delete(queue, piece, force=force)
                deed.changed = sum(word == "deleted" for word in words.values())
        return words

    async def _delete(self, queue: str, ids: Sequence[str], *, force: bool) -> dict[str, str]:
        words, tried, keys = dict.fromkeys(ids, "gone"), set[str](), self.keys(queue)
        for _ in range(_LOOKS):
            stand = dict(zip(ids, await self.store.ask(stretches.places_of(keys, ids)), strict=True))
            words |= {id: "deleted" for id in ids if stand[id] is None and id in tried}
            by_place = defaultdict(list)
            for id, place in stand.items():
                if place == "running" and not force:
                    words[id] = "processing"
                elif place:
                    by_place[place].append(id)
            for place, mine in by_place.items():
                gone = await self.store.run(calls.purge(keys, place, mine))
                self.emit(JobsPurged(queue, PLACES[place], gone))
                words |= dict.fromkeys(mine, "deleted" if gone == len(mine) else "processing")
                tried |= set(mine)
            ids = [id for id in tried if words[id] != "deleted"]
            if not ids:
                break
        return words

    async def promote(self, queue: str, ids: Sequence[str]) -> dict[str, str]:
        """Let scheduled and retrying jobs stand in line now, with the attempts that they have left.

        For each id: enqueued, again, gone, or the state that forbids it.
        """
        async with self.recorded("promote", named(queue, ids)) as deed:
            words = await self.requeue(queue, ids, source="scheduled")
            if waiting := [id for id, word in words.items() if word == "retrying"]:
                words |= await self.requeue(queue, waiting, source="retrying")
            deed.changed = sum(word == "enqueued" for word in words.values())
        return words

    async def cancel_all(self, wanted: Filter, *, limit: int = 0, tell: Tell = lambda _: None) -> Bulk:
        """Cancel all that the filter means, the oldest first; running jobs are asked to stop."""
        done, cursor = Bulk(), ""
        async with self.recorded("cancel", described(wanted)) as deed:
            while True:
                left = limit - _seen(done) if limit else 0
                step = await self.bulk("cancel", wanted, limit=left, cursor=cursor, seconds=0)
                done.changed += step.changed
                for word, count in step.left.items():
                    done.left[word] = done.left.get(word, 0) + count
                deed.changed = done.changed
                tell(done.changed)
                cursor = step.cursor
                if not cursor:
                    return done

    async def bulk(
        self,
        deed: str,
        wanted: Filter,
        *,
        limit: int = 0,
        cursor: str = "",
        seconds: float = 5.0,
        target: str = "",
        rate: float = 0.0,
    ) -> Step:
        """Do some of what is to be done (cancel, retry, promote, purge), oldest first; call it again with
        its cursor until there is none.

        Jobs that came after the first call, or have run since, are left alone. ``target`` is the queue
        that retried jobs move to, which dead ones alone can; ``rate`` in jobs a second, 0 is no limit.
        Running jobs are purged only where their state is named.
        """
        wanted = _meant(deed, wanted, target)
        since, passed = await self._begun(cursor)
        done, until = Bulk(), time.monotonic() + seconds
        async with self.recorded(
            _AUDITED[deed], described(wanted), f"to {target}" if target else ""
        ) as record:
            while True:
                most = max(1, min(SLICE, int(rate))) if rate else SLICE
                most = min(most, limit - _seen(done)) if limit else most
                page = await self._some(deed, wanted, most, since, passed)
                await self._act(deed, page.rows, target, done)
                record.changed, passed = done.changed, page.next_cursor
                if rate and page.rows:
                    await _breathe(len(page.rows) / rate)
                if not passed or (limit and _seen(done) >= limit):
                    return Step(done.changed, done.left, "")
                if time.monotonic() >= until:
                    return Step(done.changed, done.left, f"{since}.{passed}")

    async def _some(self, deed: str, wanted: Filter, limit: int, since: int, cursor: str) -> Page:
        from gopher_cli.verbs.gathering import gather

        reruns = deed in _RERUNS
        return await gather(
            self, wanted, limit=limit, cursor=cursor, newest=False, since=since, reruns=reruns
        )

    async def _begun(self, cursor: str) -> tuple[int, str]:
        """When the first step began (ms), and how far the steps came."""
        if not cursor:
            return await self.store.ask(ask.time_ms()), ""
        if not (found := re.fullmatch(r"([0-9]{1,15})\.(.+)", cursor, re.ASCII)):
            raise Usage("this cursor was not made here", "leave it away to begin at the beginning")
        return int(found[1]), found[2]

    async def _act(self, deed: str, rows: Sequence[JobRow], target: str, done: Bulk) -> None:
        apart: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in rows:
            apart[row.queue, row.state].append(row.id)
        for (queue, state), ids in apart.items():
            await self.do_to(deed, queue, state, ids, target, done)

    async def do_to(
        self, deed: str, queue: str, state: str, ids: Sequence[str], target: str, done: Bulk
    ) -> None:
        """Do it to these jobs, which were seen in that state."""
        for word in (await self._do(deed, queue, state, ids, target)).values():
            done.count(word, _DONE[deed])

    async def _do(self, deed: str, queue: str, state: str, ids: Sequence[str], target: str) -> dict[str, str]:
        if deed == "cancel":
            return await self.cancel(queue, ids)
        if deed == "purge":
            return await self.delete(queue, ids, force=state == "processing")
        if target:
            return await self.move(queue, ids, target)
        return await self.requeue(queue, ids, source=state)

    async def tally(
        self, deed: str, wanted: Filter, *, cursor: str = "", seconds: float = 5.0, target: str = ""
    ) -> tuple[dict[tuple[str, str], int], str]:
        """How many jobs a deed would see, by (queue, state), as far as ``seconds`` go; and a cursor."""
        wanted = _meant(deed, wanted, target)
        if not wanted.by_content:
            return await self.count(wanted), ""
        since, passed = await self._begun(cursor)
        counts: dict[tuple[str, str], int] = defaultdict(int)
        until = time.monotonic() + seconds
        while True:
            page = await self._some(deed, wanted, SLICE, since, passed)
            for row in page.rows:
                counts[row.queue, row.state] += 1
            passed = page.next_cursor
            if not passed or time.monotonic() >= until:
                return counts, f"{since}.{passed}" if passed else ""

    async def state_of(self, queue: str, id: str) -> str:
        """Empty for a job that has gone."""
        (place,) = await self.store.ask(stretches.places_of(self.keys(queue), [id]))
        return PLACES[place] if place else ""


def states_for(deed: str, wanted: Filter, target: str = "") -> Sequence[str]:
    """The states whose jobs a deed would change."""
    return _meant(deed, wanted, target).states


async def _breathe(seconds: float) -> None:
    import asyncio  # late: a command that does not wait starts without it

    await asyncio.sleep(seconds)


def _seen(done: Bulk) -> int:
    return done.changed + sum(done.left.values())


def _meant(deed: str, wanted: Filter, target: str) -> Filter:
    if deed not in STATES:
        raise Usage(f"no deed {deed!r}", f"deeds: {', '.join(STATES)}")
    states = wanted.states or STATES[deed]
    if target:
        if set(wanted.states) - {"failed"}:
            raise Usage("only dead jobs move to another queue", "leave the states away, or say failed")
        states = ("failed",)
    return msgspec.structs.replace(wanted, states=states)
