"""The event reader: looks at the streams of some queues, and misses nothing in between."""

from __future__ import annotations

import time
from collections.abc import Sequence

from gopher_cli.model.events import MISSED, OF_SCHEDULES, EventId, JobEvent, read_event_id
from gopher_cli.store.asks import ask, streams
from gopher_cli.store.keyspace import PLACES, Keys
from gopher_cli.store.rows import spec_or_none
from gopher_cli.verbs.core import Core

_MOST = 1000  # entries of a queue in one look
_RENEWED = 20.0  # seconds, a third of what a stream lasts
_APART_MS = 2000  # how far the clocks of a cluster may be apart
_SHOWN = 100  # jobs of each place that a new queue is introduced with
_PIECE = 50  # specs at once: each may be a megabyte
_LAST = 2**63 - 1  # no sequence is higher
_HIGHEST = 10**12 - 1  # that an id may have


class Types:
    """The types of jobs, looked up once for each of the last few thousand."""

    def __init__(self, core: Core, most: int = 20_000) -> None:
        self._core, self._most = core, most
        self._known: dict[tuple[str, str], str] = {}

    async def put(self, event: JobEvent) -> JobEvent:
        """The event, with the types of its jobs."""
        if event.state in OF_SCHEDULES:
            return event
        types = await self._of(event.queue, event.job_ids)
        return JobEvent(event.id, event.state, event.job_ids, types)

    async def _of(self, queue: str, ids: Sequence[str]) -> dict[str, str]:
        missing = [id for id in ids if (queue, id) not in self._known]
        for start in range(0, len(missing), _PIECE):
            piece = missing[start : start + _PIECE]
            specs = await self._core.store.ask(streams.specs(self._core.keys(queue), piece))
            for id, raw in zip(piece, specs, strict=True):
                if raw and (spec := spec_or_none(raw)):
                    self._known[queue, id] = spec.type
        types = {id: self._known[queue, id] for id in ids if (queue, id) in self._known}
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return types


class EventReader:
    """See `Gopher.event_reader`. While it looks every few seconds the scripts tell what they do."""

    def __init__(self, core: Core, queues: Sequence[str], *, last_id: str, ago: float, types: bool) -> None:
        self._core, self._queues = core, tuple(queues)
        self._since = read_event_id(last_id) if last_id else EventId(0, 0, "")
        self._ago = ago
        self._types = Types(core) if types else None
        self._after: dict[str, tuple[int, int]] = {}
        self._renewed: float | None = None
        self._heard: list[JobEvent] = []  # and not yet handed over: Redis may go away in between

    async def look(self) -> list[JobEvent]:
        """What has happened since the last look, oldest first. Raises as Redis refuses; look again then.

        A queue that is new is introduced with the jobs that it has. Where something may have been missed,
        an event in the state `missed` says so.
        """
        await self._attend()
        self._heard += await self._read()
        events = sorted(self._heard, key=lambda event: event.id)
        if self._types:
            events = [await self._types.put(event) for event in events]
        self._heard = []
        return events

    @property
    def position(self) -> EventId | None:
        """An id to come back with: all before it was handed over."""
        places = [EventId(ms, min(n, _HIGHEST), queue) for queue, (ms, n) in self._after.items() if ms]
        return max(places, default=None)

    async def _attend(self) -> None:
        """See to it that every queue is watched."""
        known = await self._core.store.ask(ask.queues(self._core.namespace))
        queues = [queue for queue in known if not self._queues or queue in self._queues]
        now, first = time.monotonic(), self._renewed is None
        if self._ago and not self._since.ms:
            at = await self._core.store.ask(ask.time_ms()) - round(self._ago * 1000)
            self._since = EventId(max(1, at), 0, "")
        due = first or now - (self._renewed or 0) >= _RENEWED
        asked = [queue for queue in queues if due or queue not in self._after]
        keys = [self._core.keys(queue) for queue in asked]
        # Read, then renewed: what is no stream is somebody else's, and must not be given an end.
        stand = await self._core.store.ask(streams.ends(keys))
        there = await self._core.store.ask(streams.renew(keys))
        for queue, (begins, ends), is_there in zip(asked, stand, there, strict=True):
            came = self._join(queue, first, begins, ends) if is_there else self._begin(queue, first)
            self._heard += await came
        if due:
            self._renewed = now

    async def _join(
        self, queue: str, first: bool, begins: tuple[int, int], ends: tuple[int, int]
    ) -> list[JobEvent]:
        """A stream that is there: read it on, from where we were or shall be."""
        if queue not in self._after and not first:
            # Another has made the stream before we saw that the queue is new: all of it is news.
            introduced = await self._introduced(queue, begins)
            self._after[queue] = (0, 0)
            return introduced
        if queue not in self._after:
            self._after[queue] = self._resumed(queue) if self._since.ms else ends
        return [_missed(queue, begins)] if begins > self._after[queue] else []

    def _resumed(self, queue: str) -> tuple[int, int]:
        """Right behind the last event where that was; elsewhere its whole millisecond comes again."""
        if queue == self._since.queue:
            return self._since.ms, self._since.sequence
        back = _APART_MS if self._core.store.scattered else 0
        return max(0, self._since.ms - back - 1), _LAST

    async def _begin(self, queue: str, first: bool) -> list[JobEvent]:
        """A stream that is not there: nobody has watched this queue, or it is new."""
        known = queue in self._after
        keys = self._core.keys(queue)
        place = await self._core.store.ask(streams.begin(keys))
        if place is None:  # another who watches was faster
            ((_, place),) = await self._core.store.ask(streams.ends([keys]))
        self._after[queue] = place
        if known or (first and self._since.ms):
            return [_missed(queue, place)]
        return [] if first else await self._introduced(queue, place)

    async def _introduced(self, queue: str, place: tuple[int, int]) -> list[JobEvent]:
        """A new queue: its jobs came before its stream did."""
        events = []
        for name, state in PLACES.items():
            rows = ask.ids_in(self._core.keys(queue), name, 0, _SHOWN - 1, newest=True)
            if ids := tuple(id for id, _ in await self._core.store.ask(rows)):
                events.append(JobEvent(EventId(*place, queue), state, ids))
        return events

    async def _read(self) -> list[JobEvent]:
        """What the streams say, only as far as all of them have been read: resuming goes by time."""
        news = await _news(self._core, self._after)
        ends = [entries[-1].ms for entries in news.values() if len(entries) >= _MOST]
        horizon, events = min(ends, default=_LAST), []
        for queue, entries in news.items():
            for entry in entries:
                if entry.ms > horizon:
                    break
                self._after[queue] = (entry.ms, entry.sequence)
                if entry.state != streams.MARK:
                    events.append(_event(queue, entry))
        return events


async def past(core: Core, queues: Sequence[str], *, types: bool, ago: float = 0.0) -> list[JobEvent] | None:
    """See `Gopher.past_events`. It watches nothing: streams that end soon will end."""
    least = await core.store.ask(ask.time_ms()) - round(ago * 1000) if ago else 0
    names = list(queues) or await core.store.ask(ask.queues(core.namespace))
    ends = await core.store.ask(streams.ends([core.keys(queue) for queue in names]))
    after = {
        queue: (max(0, least - 1), _LAST if least > 0 else 0)
        for queue, (_, end) in zip(names, ends, strict=True)
        if end != (0, 0)
    }
    if not after:
        return None
    events, looked_up = [], Types(core)
    while news := await _news(core, after):
        for queue, entries in news.items():
            after[queue] = (entries[-1].ms, entries[-1].sequence)
            events += [_event(queue, entry) for entry in entries if entry.state != streams.MARK]
    events.sort(key=lambda event: event.id)
    return [await looked_up.put(event) for event in events] if types else events


async def _news(core: Core, after: dict[str, tuple[int, int]]) -> dict[str, list[streams.StreamEntry]]:
    """Only queues of which there is something new."""
    places: dict[Keys, str] = {core.keys(queue): f"{ms}-{n}" for queue, (ms, n) in after.items()}
    news = await core.store.ask(streams.news(places, _MOST, apart=core.store.scattered))
    return {keys.queue: entries for keys, entries in news.items() if entries}


def _event(queue: str, entry: streams.StreamEntry) -> JobEvent:
    return JobEvent(EventId(entry.ms, entry.sequence, queue), entry.state, entry.ids)


def _missed(queue: str, place: tuple[int, int]) -> JobEvent:
    return JobEvent(EventId(*place, queue), MISSED)
