"""Deeds on single jobs (delete, promote), and on all that a filter means, some at a time."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from gopher_cli.events import JobsPurged
from gopher_cli.model.deeds import meant
from gopher_cli.model.errors import Usage
from gopher_cli.model.filtering import Filter
from gopher_cli.model.stats import JobRow
from gopher_cli.store import ask, calls, stretches
from gopher_cli.store.keys import PLACES
from gopher_cli.verbs.base import named
from gopher_cli.verbs.operating import Operating
from gopher_cli.verbs.paging import Paging
from gopher_cli.verbs.sweeping import SLICE, Bulk, Tell, described, in_slices

if TYPE_CHECKING:
    from gopher_cli.store.redis import RedisStore
    from gopher_cli.verbs.walking import Cursor

# The word for a job that a deed has changed.
_DONE = {"cancel": "cancelled", "retry": "enqueued", "promote": "enqueued", "purge": "deleted"}
_AUDITED = {"cancel": "cancel", "retry": "requeue", "promote": "promote", "purge": "purge"}
_RERUNS = ("retry", "promote")
_LOOKS = 3  # for a job that goes on while it is deleted
_LONGEST_WAIT = 366 * 86400 * 1000  # ms


class Step(msgspec.Struct, frozen=True):
    """What was done by now; with a ``cursor`` there may be more to do, in ``retry_after`` seconds."""

    changed: int
    left: dict[str, int]
    cursor: str
    retry_after: float = 0.0


@dataclass(slots=True)
class Course:
    """How far a deed came: when it began, from when on the next job may run (both ms), what was passed."""

    since: int
    passed: Cursor
    free_at: int = 0
    more: bool = True
    whole: bool = False  # all queues in the order of time: it stays in this process

    def text(self) -> str:
        return f"{self.since}.{self.free_at}.{self.passed.text()}" if self.more else ""

    @classmethod
    def read(cls, text: str) -> Course:
        """Raises Usage for what is no cursor of a deed."""
        if not (found := re.fullmatch(r"([0-9]{1,15})\.(?:([0-9]{1,15})\.)?(.+)", text, re.ASCII)):
            raise Usage("this cursor was not made here", "leave it away to begin at the beginning")
        from gopher_cli.verbs.walking import Cursor  # late, as all that lists

        return cls(int(found[1]), Cursor.read(found[3], newest=False), int(found[2] or 0))


class Bulking(Paging, Operating):
    async def delete(
        self, queue: str, ids: Sequence[str], *, force: bool = False, only: str = ""
    ) -> dict[str, str]:
        """Delete these for good, or ``only`` those in that state.

        For each id: deleted, gone, processing (that needs ``force``), or the state that it is in instead.
        """
        words: dict[str, str] = {}
        async with self.recorded("delete", named(queue, ids)) as deed:
            for piece in in_slices(list(dict.fromkeys(ids))):
                words |= await self._delete(queue, piece, force=force, only=only)
                deed.changed = sum(word == "deleted" for word in words.values())
        return words

    async def _delete(self, queue: str, ids: Sequence[str], *, force: bool, only: str) -> dict[str, str]:
        words, tried, keys = dict.fromkeys(ids, "gone"), set[str](), self.keys(queue)
        for _ in range(_LOOKS):
            stand = dict(zip(ids, await self.store.ask(stretches.places_of(keys, ids)), strict=True))
            words |= {id: "deleted" for id in ids if stand[id] is None and id in tried}
            by_place = defaultdict(list)
            for id, place in stand.items():
                if place and (only not in ("", PLACES[place]) or (place == "running" and not force)):
                    words[id] = PLACES[place]
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
        wanted, course, done = meant("cancel", wanted), await self._begun(""), Bulk()
        course.whole = True
        async with self.recorded("cancel", described(wanted)) as deed:
            while course.more:
                await self._some("cancel", wanted, course, done, limit=limit)
                deed.changed = done.changed
                tell(done.changed)
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
        that retried jobs move to, which dead ones alone can; ``rate`` in jobs a second, 0 is no limit: a
        wait that does not fit into ``seconds`` is left to the caller. Running jobs are purged only where
        their state is named.
        """
        wanted, course = meant(deed, wanted, target), await self._begun(cursor)
        done, until = Bulk(), time.monotonic() + seconds
        if wait := await _free(self.store, course, until):
            return Step(0, {}, course.text(), wait)
        detail = f"to {target}" if target else ""
        async with self.recorded(_AUDITED[deed], described(wanted), detail) as record:
            while True:
                await self._some(deed, wanted, course, done, limit=limit, target=target, rate=rate)
                record.changed = done.changed
                wait = await _free(self.store, course, until) if course.more else 0.0
                if not course.more or wait or time.monotonic() >= until:
                    return Step(done.changed, done.left, course.text(), wait)

    async def _some(
        self,
        deed: str,
        wanted: Filter,
        course: Course,
        done: Bulk,
        *,
        limit: int = 0,
        target: str = "",
        rate: float = 0.0,
    ) -> None:
        """A slice of them, of a second's worth where there is a rate; ``limit`` counts all that is done."""
        most = max(1, min(SLICE, int(rate))) if rate else SLICE
        rows = await self._rows(deed, wanted, course, min(most, limit - _seen(done)) if limit else most)
        await self._act(deed, rows, target, done)
        course.more = course.more and not (limit and _seen(done) >= limit)
        if rate and rows:
            pause = min(len(rows) * 1000 / rate, _LONGEST_WAIT)
            course.free_at = await self.store.ask(ask.time_ms()) + round(pause)

    async def _rows(self, deed: str, wanted: Filter, course: Course, most: int) -> list[JobRow]:
        from gopher_cli.verbs.gathering import gather

        rows, course.more = await gather(
            self, wanted, course.passed,
            limit=most, whole=course.whole, since=course.since, reruns=deed in _RERUNS,
        )  # fmt: skip
        return rows

    async def _begun(self, cursor: str) -> Course:
        if cursor:
            return Course.read(cursor)
        from gopher_cli.verbs.walking import Cursor

        return Course(await self.store.ask(ask.time_ms()), Cursor(newest=False))

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
            return await self.delete(queue, ids, force=state == "processing", only=state)
        if target:
            return await self.move(queue, ids, target)
        return await self.requeue(queue, ids, source=state)

    async def tally(
        self, deed: str, wanted: Filter, *, cursor: str = "", seconds: float = 5.0, target: str = ""
    ) -> tuple[dict[tuple[str, str], int], str]:
        """How many jobs a deed would see, by (queue, state), as far as ``seconds`` go; and a cursor."""
        wanted = meant(deed, wanted, target)
        if not wanted.by_content:
            return await self.count(wanted), ""
        course = await self._begun(cursor)
        counts: dict[tuple[str, str], int] = defaultdict(int)
        until = time.monotonic() + seconds
        while True:
            for row in await self._rows(deed, wanted, course, SLICE):
                counts[row.queue, row.state] += 1
            if not course.more or time.monotonic() >= until:
                return counts, course.text()

    async def state_of(self, queue: str, id: str) -> str:
        """Empty for a job that has gone."""
        (place,) = await self.store.ask(stretches.places_of(self.keys(queue), [id]))
        return PLACES[place] if place else ""


async def _free(store: RedisStore, course: Course, until: float) -> float:
    """Wait until the next job may run. Where that takes too long: at once, the seconds that are left."""
    if not course.free_at:
        return 0.0
    wait = (course.free_at - await store.ask(ask.time_ms())) / 1000
    if wait > 0 and time.monotonic() + wait >= until:
        return wait
    if wait > 0:
        import asyncio  # late: a command that does not wait starts without it

        await asyncio.sleep(wait)
    return 0.0


def _seen(done: Bulk) -> int:
    return done.changed + sum(done.left.values())
