"""Walking through a place in slices: oldest first, never more than 500 jobs at a time."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.job import JobState
from gopher_cli.model.stats import JobRow
from gopher_cli.store import ask
from gopher_cli.store.keys import PLACES
from gopher_cli.store.rows import row_of, spec_or_none
from gopher_cli.verbs.base import Base

SLICE = 500


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs are meant; empty means all. ``older_than`` in seconds, ``error`` a regular expression."""

    states: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    type: str = ""
    tag: str = ""
    error: str = ""
    older_than: float = 0.0

    @property
    def by_content(self) -> bool:
        return bool(self.type or self.tag or self.error or self.older_than)


# Takes a queue, a place and jobs in it; answers how many of them have left that place.
Act = Callable[[str, str, Sequence[JobRow]], Awaitable[int]]


class Sweeping(Base):
    async def queues(self) -> list[str]:
        """Every queue that has ever been used."""
        return await self.store.ask(ask.queues(self.namespace))

    async def known_queues(self, wanted: Sequence[str] = ()) -> list[str]:
        """The queues asked for, or all. Raises NotFound for one that nobody has used."""
        known = await self.queues()
        for queue in wanted:
            if queue not in known:
                raise NotFound(f"no queue {queue}", "list them with: gopher queue ls")
        return list(wanted) or known

    async def places(self, wanted: Filter) -> list[tuple[str, str]]:
        """(queue, place) of everything that a filter's states and queues can mean."""
        for state in wanted.states:
            if state not in list(JobState):
                raise Usage(f"no state {state!r}", f"states: {', '.join(JobState)}")
        states = wanted.states or tuple(JobState)
        queues = await self.known_queues(wanted.queues)
        return [(queue, place) for queue in queues for place, state in PLACES.items() if state in states]

    async def sweep(self, wanted: Filter, act: Act, *, limit: int = 0, step: int = SLICE) -> int:
        """Let ``act`` see every job that the filter means; how many it has seen."""
        seen = 0
        for queue, place in await self.places(wanted):
            offset = 0
            while not limit or seen < limit:
                size, rows = await self._slice(wanted, queue, place, offset, step)
                if not size:
                    break
                rows = rows[: limit - seen] if limit else rows
                seen += len(rows)
                offset += size - (await act(queue, place, rows) if rows else 0)
        return seen

    async def _slice(
        self,
        wanted: Filter,
        queue: str,
        place: str,
        offset: int,
        step: int,
        *,
        newest: bool = False,
    ) -> tuple[int, list[JobRow]]:
        """How many jobs stand in this slice, and those of them that are meant."""
        keys = self.keys(queue)
        page = await self.store.ask(ask.ids_in(keys, place, offset, offset + step - 1, newest=newest))
        specs, metas, errors = await self.store.ask(ask.records(keys, [id for id, _ in page]))
        now = await self.store.ask(ask.time_ms()) if wanted.older_than else 0
        rows = []
        for (id, score), spec, meta, told in zip(page, specs, metas, errors, strict=True):
            row = row_of(id, queue, PLACES[place], score, spec, meta, told)
            if _means(wanted, row, spec, told, now):
                rows.append(row)
        return len(page), rows

    async def jobs(self, wanted: Filter, *, limit: int = 50, newest: bool = True) -> list[JobRow]:
        """Jobs as rows, by place and then newest first; ``limit`` in all, 0 for no limit."""
        found: list[JobRow] = []
        for queue, place in await self.places(wanted):
            offset = 0
            while not limit or len(found) < limit:
                size, rows = await self._slice(wanted, queue, place, offset, SLICE, newest=newest)
                found += rows
                offset += size
                if size < SLICE:
                    break
        return found[:limit] if limit else found


def _means(wanted: Filter, row: JobRow, spec: bytes, errors: bytes, now: int) -> bool:
    if wanted.type and row.type != wanted.type:
        return False
    if wanted.older_than and row.at > now - wanted.older_than * 1000:
        return False
    if wanted.error and not re.search(wanted.error, errors.decode("utf-8", "replace")):
        return False
    known = spec_or_none(spec) if wanted.tag else None
    return not wanted.tag or (known is not None and wanted.tag in known.options.tags)
