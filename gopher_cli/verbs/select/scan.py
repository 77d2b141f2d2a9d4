"""The scan for what a filter means, for lists and for actions: candidates in the order of time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import chain

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.terms import TypeTerms
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.job_view import JobRow
from gopher_cli.store.asks import ask
from gopher_cli.store.asks.ranges import Range, contents, sizes, stretches_of
from gopher_cli.store.rows import moment_of, row_of
from gopher_cli.verbs.core import SLICE, Core
from gopher_cli.verbs.queues import queues_and_places, type_terms
from gopher_cli.verbs.select.match import may_mean, means, sieve_of
from gopher_cli.verbs.select.merge import Candidate, Cursor, Merge

# What one page may cost: jobs looked at, bytes of them, seconds. Then it answers what it has found.
LOOKED_AT, BYTES, SECONDS = 10_000, 32 * 1024 * 1024, 1.0
_CHEAP = 10  # jobs that the server looks through cost as much as one that comes here
_FRESH = 1.0  # seconds for which it counts where jobs stand, and where none do
_FIRST_SLICE, _SLICE_BYTES = 64, 4 * 1024 * 1024
_SEARCHED = 16  # jobs at once by a pattern
# Stretches that are read side by side, in the order of time: a cursor that people carry has room for so
# many. The queues of more come one group after the other.
_LANES = 250
_QUEUES = 100  # whose sizes are asked for at once


class Scan:
    """The jobs that a filter means, as many at a time as are asked for; ``more`` tells whether any may come.

    What it has answered is ``passed``. ``whole``: however many queues there are, all in the order of time;
    the cursor becomes too large for others then. An action that began at ``since`` gets those alone that had
    come by then, and where it ``reruns`` them those that have not run or died since; without rows if it
    need not look at what is in them.
    """

    def __init__(
        self,
        core: Core,
        filter: Filter,
        passed: Cursor,
        *,
        whole: bool = False,
        since: int = 0,
        reruns: bool = False,
    ) -> None:
        self.more = True
        self.looked = 0  # candidates so far
        self._core, self._filter, self._passed = core, filter, passed
        self._whole, self._since, self._reruns = whole, since, reruns
        self._picky = bool(filter.id_part or filter.older_than)
        self._bare = bool(since) and not filter.looks_inside
        self._slice = SLICE if self._bare else _FIRST_SLICE
        self._sieve = sieve_of(filter)
        self._walk: Merge | None = None
        self._queues: Sequence[str] | None = None
        self._group, self._places, self._looked = 0, list[str](), 0.0
        self._terms: dict[str, TypeTerms] | None = None  # read once, when the first jobs are looked into

    async def next(self, most: int) -> list[Candidate]:
        """The next of them; fewer than asked for, even none, where it had to look at many."""
        if not 0 < most <= LOOKED_AT:
            raise Usage(f"a page has from 1 to {LOOKED_AT} jobs, not {most}")
        candidates: list[Candidate] = []
        budget = _Budget()
        if self._queues and time.monotonic() >= self._looked + _FRESH:
            await self._look()
        while await self._ready(most):
            if len(candidates) == most or budget.is_spent:
                return candidates
            await self._read(candidates, most, budget)
        self.more = False
        return candidates

    async def _ready(self, most: int) -> bool:
        """Whether any candidate remains; in the next group of queues where this one has come to its end."""
        while self._walk is None or not await self._walk.fill(most):
            if self._queues is None:
                queues, self._places = await queues_and_places(self._core, self._filter)
                self._queues = [queue for queue in queues if queue >= self._passed.first]
            else:
                for queue in self._queues[: self._group]:
                    self._passed.marks.pop(queue, None)
                self._queues = self._queues[self._group :]
            if not self._queues:
                return False
            await self._look()
        return True

    async def _look(self) -> None:
        """Where jobs of the next group of queues stand."""
        assert self._queues
        self._passed.first, self._looked = self._queues[0], time.monotonic()
        lanes, self._group = await _group(
            self._core, self._queues, self._places, self._passed, whole=self._whole
        )
        self._walk = Merge(self._core.store, lanes, self._passed, self._sieve)

    async def _read(self, read: list[Candidate], most: int, budget: _Budget) -> None:
        """A slice of candidates: those that are meant are ``read``."""
        assert self._walk
        choosy = self._filter.by_content or self._since
        size = min(self._slice, budget.jobs, SLICE if choosy else most - len(read))
        candidates = await self._walk.next(max(1, size))
        for n, is_meant in enumerate(await self._judged(candidates, budget)):
            if len(read) == most:
                self._walk.put_back(candidates[n:])
                candidates = candidates[:n]
                break
            if is_meant:
                read.append(candidates[n])
        self._walk.passed(candidates)
        self._walk.note_sifted()
        self.looked += self._walk.sifted
        budget.jobs -= self._walk.sifted // _CHEAP
        self._walk.sifted = 0

    async def _judged(self, candidates: Sequence[Candidate], budget: _Budget) -> list[bool]:
        """Whether each is meant; those that are have a row then, unless it is not needed."""
        late = self._since and any(self._came(candidate) > self._since for candidate in candidates)
        asks = late or self._filter.older_than
        now = await self._core.store.ask(ask.time_ms()) if asks else 0
        fits = [self._fits(candidate, now) for candidate in candidates]
        budget.jobs -= len(candidates)
        if not self._sieve:
            self.looked += len(candidates)
        if self._bare:
            return fits
        fitting = [candidate for candidate, fit in zip(candidates, fits, strict=True) if fit]
        await self._describe(fitting, budget)
        return [candidate.row is not None for candidate in candidates]

    def _fits(self, candidate: Candidate, now: int) -> bool:
        """As far as that can be known without a look into it."""
        # A time that is yet to come is no news: the server's clock was ahead before.
        if self._since and self._since < self._came(candidate) <= now:
            return False
        at = moment_of(candidate.state, candidate.score, candidate.record) if self._picky else 0
        return may_mean(self._filter, candidate.id, at, now)

    def _came(self, candidate: Candidate) -> float:
        """When the action's part in it began (ms): it came, or ran, or died."""
        if not self._reruns:
            return candidate.record.created
        died = candidate.score if candidate.state == "failed" else 0
        return max(candidate.record.created, candidate.record.started, died)

    async def _describe(self, some: Sequence[Candidate], budget: _Budget) -> None:
        by_queue: dict[str, list[Candidate]] = {}
        for candidate in some:
            by_queue.setdefault(candidate.queue, []).append(candidate)
        apart = [
            (self._core.keys(queue), [candidate.id for candidate in mine]) for queue, mine in by_queue.items()
        ]
        described = await self._core.store.ask(contents(apart)) if some else []
        if some and self._terms is None:
            self._terms = await type_terms(self._core)
        size = sum(len(spec) + len(errors) for spec, errors in described)
        budget.bytes -= size
        most = _SEARCHED if self._filter.error else SLICE  # a search may take long: look at the clock
        self._slice = max(1, min(most, _SLICE_BYTES * len(some) // max(1, size)))
        for candidate, (spec, errors) in zip(chain(*by_queue.values()), described, strict=True):
            row = row_of(
                candidate.id, candidate.queue, candidate.state, candidate.score, spec, candidate.record,
                errors, self._core.defaults, self._terms or {},
            )  # fmt: skip
            candidate.row = row if means(self._filter, row, spec, errors) else None


class _Budget:
    """What is left of what one page may cost."""

    def __init__(self) -> None:
        self.jobs, self.bytes, self.until = LOOKED_AT, BYTES, time.monotonic() + SECONDS

    @property
    def is_spent(self) -> bool:
        return self.jobs <= 0 or self.bytes <= 0 or time.monotonic() >= self.until


async def _group(
    core: Core, queues: Sequence[str], places: Sequence[str], passed: Cursor, *, whole: bool
) -> tuple[list[Range], int]:
    """The stretches of the first queues, as many as go together; and how many queues those are.

    Most places of most queues are empty: only those count where jobs stand, or stood a page ago.
    """
    lanes: list[Range] = []
    for start in range(0, len(queues), _QUEUES):
        some = [core.keys(queue) for queue in queues[start : start + _QUEUES]]
        for n, held in enumerate(await core.store.ask(sizes(some, places))):
            mine = [s for s in stretches_of(some[n], places) if held[s.place] or passed.mark(s)]
            if lanes and not whole and len(lanes) + len(mine) > _LANES:
                return lanes, start + n
            lanes += mine
    return lanes, len(queues)


def rows_of(candidates: Sequence[Candidate]) -> list[JobRow]:
    return [candidate.row for candidate in candidates if candidate.row]
