"""Walking through a place in slices: oldest first, never more than 500 jobs at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.filtering import Filter
from gopher_cli.model.job import JobState
from gopher_cli.model.stats import JobRow
from gopher_cli.store import ask, calls
from gopher_cli.store.keys import PLACES
from gopher_cli.store.rows import row_of
from gopher_cli.verbs.base import Base
from gopher_cli.verbs.meaning import means as _means

__all__ = ["SLICE", "Act", "Bulk", "Filter", "Sweeping", "Tell", "described", "in_slices"]

SLICE = 500


@dataclass(slots=True)
class Bulk:
    """What a bulk verb did: how many jobs it changed, and those that it had to leave, by reason."""

    changed: int = 0
    left: dict[str, int] = field(default_factory=dict)

    def count(self, word: str, changed: str) -> None:
        if word == changed:
            self.changed += 1
        else:
            self.left[word] = self.left.get(word, 0) + 1


# Hears how many it is by now.
Tell = Callable[[int], None]
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
        states = wanted.states_of(tuple(JobState))
        queues = await self.known_queues(wanted.queues)
        return [(queue, place) for queue in queues for place, state in PLACES.items() if state in states]

    async def sweep(
        self, wanted: Filter, act: Act, *, limit: int = 0, step: int = SLICE, since: int = 0
    ) -> int:
        """Let ``act`` see every job that the filter means; how many it has seen.

        With ``since`` (ms) without those that died, or ran again, after that: a job that ``act`` has
        started and that fails at once does not come round again.
        """
        seen = 0
        for queue, place in await self.places(wanted):
            offset = 0
            while not limit or seen < limit:
                size, found = await self._slice(wanted, queue, place, offset, step, since=since)
                if not size:
                    break
                rows = found[: limit - seen if limit else None]
                seen += len(rows)
                offset += size - (await act(queue, place, rows) if rows else 0)
        return seen

    async def _slice(
        self, wanted: Filter, queue: str, place: str, offset: int, step: int, *, since: int
    ) -> tuple[int, list[JobRow]]:
        """How many jobs stand in this slice, and those of them that are meant."""
        keys = self.keys(queue)
        page = await self.store.ask(ask.ids_in(keys, place, offset, offset + step - 1))
        if since and place == "failed":  # stands by the time of death: nothing older comes behind these
            page = [(id, died) for id, died in page if died <= since]
        specs, metas, errors = await self.store.ask(ask.records(keys, [id for id, _ in page]))
        now = await self.store.ask(ask.time_ms()) if wanted.older_than else 0
        found = []
        for (id, score), spec, meta, told in zip(page, specs, metas, errors, strict=True):
            row = row_of(id, queue, PLACES[place], score, spec, meta, told, self.defaults)
            if since and calls.read_record(meta).started > since:
                continue
            if _means(wanted, row, spec, told, now):
                found.append(row)
        return len(page), found


def described(wanted: Filter) -> str:
    """A filter as the audit names it: as it would be searched for."""
    from gopher_cli.model.search import format_search  # late: only where somebody acts on many

    return format_search(wanted) or "all jobs"


def in_slices(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + SLICE] for start in range(0, len(ids), SLICE)]
