"""A merge of many places at once, in the order of time, from where a cursor says."""

from __future__ import annotations

import base64
import binascii
import heapq
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.views.job_view import JobRow
from gopher_cli.store import calls
from gopher_cli.store.asks import ranges
from gopher_cli.store.asks.ranges import Mark, Range, Standing
from gopher_cli.store.calls.sieve import GONE, Reach, Sieve, Sifted
from gopher_cli.store.keyspace import PLACES
from gopher_cli.store.record import Record, read_record

if TYPE_CHECKING:
    from gopher_cli.store.stores.redis_store import RedisStore

_AT_ONCE = 4000  # ids that one step reads, of all places together
_SLICE = 500  # jobs that the server looks through at once
_LONGEST = 16 * 1024  # characters of a cursor


class Cursor(msgspec.Struct, array_like=True):
    """How far each stretch of each queue was read. A queue before ``first`` was read to its end."""

    newest: bool
    first: str = ""
    marks: dict[str, dict[str, Mark]] = {}

    def text(self) -> str:
        packed = zlib.compress(msgspec.json.encode(self), 9)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str, *, newest: bool) -> Cursor:
        """Raises Usage for what is no cursor, or one of a list in the other order."""
        if not text:
            return cls(newest)
        wrong = Usage("this cursor was not made here", "leave it out to begin at the beginning")
        if len(text) > _LONGEST:
            raise wrong
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            plain = zlib.decompressobj().decompress(packed, 64 * _LONGEST)
            cursor = msgspec.json.decode(plain, type=cls)
        except (binascii.Error, zlib.error, msgspec.DecodeError, ValueError) as error:
            raise wrong from error
        if cursor.newest is not newest:
            raise Usage("this cursor is of a list in the other order", "give the order as before")
        return cursor

    def mark(self, stretch: Range) -> Mark | None:
        return self.marks.get(stretch.keys.queue, {}).get(stretch.name)

    def put(self, stretch: Range, mark: Mark) -> None:
        self.marks.setdefault(stretch.keys.queue, {})[stretch.name] = mark


@dataclass(slots=True)
class Candidate:
    """A job on the way. ``when`` is the time (ms) by which lists are ordered."""

    lane: Lane
    id: str
    score: float
    record: Record
    when: int
    alone: bool = False  # the next one has another score: the mark needs no id
    row: JobRow | None = None  # what lists show of it, once that was read

    @property
    def queue(self) -> str:
        return self.lane.stretch.keys.queue

    @property
    def place(self) -> str:
        return self.lane.stretch.place

    @property
    def state(self) -> str:
        return PLACES[self.place]


@dataclass(slots=True)
class Lane:
    """A stretch that is being read: what was read ahead, and whether there is more."""

    stretch: Range
    mark: Mark | None
    ahead: deque[Candidate] = field(default_factory=deque)
    more: bool = True


class Merge:
    """Candidates of many stretches in the order of time. What was passed is in the cursor for good.

    With a ``sieve`` the server leaves out what that does not let through. It looks at one slice of each
    stretch at a time: as long as one has none to offer, and more to look at, there are no candidates.
    """

    def __init__(
        self, store: RedisStore, ranges: Sequence[Range], cursor: Cursor, sieve: Sieve | None = None
    ) -> None:
        self._store = store
        self._sieve = sieve
        self.sifted = 0  # jobs that the server has looked at
        self._newest = cursor.newest
        self.cursor = cursor
        self._lanes = [Lane(range, cursor.mark(range)) for range in ranges]

    async def next(self, count: int) -> list[Candidate]:
        """The next candidates, ``count`` at most, none at the end. Each is to be passed, or put back."""
        candidates: list[Candidate] = []
        await self.fill(count)
        if self._is_behind():
            return candidates
        heads = [self._head(n) for n, lane in enumerate(self._lanes) if lane.ahead]
        heapq.heapify(heads)
        while heads and len(candidates) < count:
            n = heads[0][1]
            lane = self._lanes[n]
            candidates.append(lane.ahead.popleft())
            if not lane.ahead and lane.more and len(candidates) < count:
                await self.fill(count)
                if self._is_behind():
                    break
            if lane.ahead:
                heapq.heapreplace(heads, self._head(n))
            else:
                heapq.heappop(heads)
        return candidates

    def _is_behind(self) -> bool:
        """Whether a stretch must be looked through further before anything can be said."""
        return any(lane.more and not lane.ahead for lane in self._lanes)

    def _head(self, n: int) -> tuple[int, int]:
        """What stands first in this lane, as a number that is smaller the sooner it comes."""
        when = self._lanes[n].ahead[0].when
        return (-when if self._newest else when), n

    def passed(self, some: Sequence[Candidate]) -> None:
        for candidate in {
            id(candidate.lane): candidate for candidate in some
        }.values():  # the last one of each lane
            self.cursor.put(
                candidate.lane.stretch, Mark(candidate.score, "" if candidate.alone else candidate.id)
            )

    def note_sifted(self) -> None:
        """What was looked at and left out is passed, where no candidate of that stretch stands before it."""
        for lane in self._lanes if self._sieve else ():
            if lane.mark and not lane.ahead:
                self.cursor.put(lane.stretch, lane.mark)

    def put_back(self, some: Sequence[Candidate]) -> None:
        """The last ones that `next` has answered come again."""
        for candidate in reversed(some):
            candidate.lane.ahead.appendleft(candidate)

    async def fill(self, count: int) -> bool:
        """Read ahead where nothing is left; whether any candidate remains."""
        dry = [lane for lane in self._lanes if lane.more and not lane.ahead]
        if dry and self._sieve:
            for lane in dry:
                await self._sift(lane, self._sieve)
            return any(lane.ahead or lane.more for lane in self._lanes)
        if dry:
            step = max(8, min(count + 1, _AT_ONCE // len(dry)))
            behind = [await self._behind(lane, step) for lane in dry if lane.mark and lane.mark.id]
            plain = [lane for lane in dry if not (lane.mark and lane.mark.id)]
            asked = [(lane.stretch, lane.mark, 0) for lane in plain]
            read = await self._store.ask(ranges.read(asked, step, newest=self._newest)) if asked else []
            await self._take([*behind, *zip(plain, read, strict=True)], step)
        return any(lane.ahead for lane in self._lanes)

    async def _take(self, pages: Sequence[tuple[Lane, list[Standing]]], step: int) -> None:
        ids = [(lane.stretch.keys, [id for id, _ in rows]) for lane, rows in pages]
        lines = iter(await self._store.ask(ranges.metas(ids)) if any(rows for _, rows in pages) else [])
        for lane, rows in pages:
            lane.more = len(rows) >= step
            for n, (id, score) in enumerate(rows):
                record = read_record(next(lines))
                alone = rows[n + 1][1] != score if n + 1 < len(rows) else not lane.more
                when = _when(lane.stretch.place, score, record)
                lane.ahead.append(Candidate(lane, id, score, record, when, alone))
            if rows:
                id, score = rows[-1]
                lane.mark = Mark(score, id)

    async def _sift(self, lane: Lane, sieve: Sieve) -> None:
        """One slice."""
        stretch, mark = lane.stretch, lane.mark
        low, high = ranges.edges(stretch, mark, newest=self._newest)
        reach = Reach(low, high, self._newest, limit=_SLICE)
        if mark and mark.id:
            reach = reach._replace(after=mark.id, score=ranges.number(mark.score))
        came = await self._store.run(calls.filter_jobs(stretch.keys, stretch.place, reach, sieve))
        if mark and came.read == GONE:
            came = await self._sift_behind(stretch, mark, reach._replace(after=""), sieve)
        self.sifted += came.read
        lane.more = came.read >= _SLICE
        for id, score, line in came.rows:
            if not (mark and mark.id) or mark.is_before((id, score), newest=self._newest):
                record = read_record(line)
                lane.ahead.append(Candidate(lane, id, score, record, _when(stretch.place, score, record)))
        if came.read:
            lane.mark = Mark(came.last[1], came.last[0])

    async def _sift_behind(self, stretch: Range, mark: Mark, reach: Reach, sieve: Sieve) -> Sifted:
        """Where the mark's job has gone. Whoever comes or goes meanwhile: as in `_behind`."""
        while True:
            skip = await self._index(stretch, mark)
            call = calls.filter_jobs(stretch.keys, stretch.place, reach._replace(skip=skip), sieve)
            came = await self._store.run(call)
            if not (skip and came.read and mark.is_before(came.first, newest=self._newest)):
                return came

    async def _behind(self, lane: Lane, step: int) -> tuple[Lane, list[Standing]]:
        """The jobs behind a mark that stands among others of its score. Whoever comes or goes meanwhile:
        none of the others is left out, for the first one read is the mark's own job, or stands before it."""
        assert lane.mark
        while True:
            skip = await self._index(lane.stretch, lane.mark)
            asked = [(lane.stretch, lane.mark, skip)]
            (rows,) = await self._store.ask(ranges.read(asked, step + 1, newest=self._newest))
            behind = [row for row in rows if lane.mark.is_before(row, newest=self._newest)]
            if not skip or not rows or len(behind) < len(rows):
                return lane, behind[:step]

    async def _index(self, stretch: Range, mark: Mark) -> int:
        """Where the mark's job stands among those of its score; the one before, where it has gone."""
        index, size = await self._store.ask(ranges.where(stretch, mark, newest=self._newest))
        if index is not None:
            return index
        low, high = 0, size  # the first that stands behind the mark is in here
        while low < high:
            middle = (low + high) // 2
            entry = await self._store.ask(ranges.nth(stretch, mark, middle, newest=self._newest))
            if entry is None or mark.is_before(entry, newest=self._newest):
                high = middle
            else:
                low = middle + 1
        return max(0, low - 1)


def _when(place: str, score: float, record: Record) -> int:
    """What waits for a moment to come counts from when it began to wait."""
    match PLACES[place]:
        case "enqueued":
            return record.ready_at or record.created
        case "processing":
            return record.started
        case "completed" | "cancelled":
            return record.finished or int(score)
        case "scheduled" | "retrying" | "blocked":
            return max(record.started, record.created)
    return int(score)
