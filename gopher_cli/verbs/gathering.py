"""Gathering a page: candidates in the order of time, of which those are kept that the filter means."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gopher_cli.model.errors import Usage
from gopher_cli.model.filtering import Filter
from gopher_cli.model.stats import JobRow
from gopher_cli.store import ask
from gopher_cli.store.rows import row_of
from gopher_cli.store.stretches import Stretch, sizes, stretches_of
from gopher_cli.verbs.meaning import means
from gopher_cli.verbs.sweeping import SLICE
from gopher_cli.verbs.walking import Candidate, Cursor, Walk

if TYPE_CHECKING:
    from gopher_cli.verbs.paging import Paging

# What one page may cost: jobs looked at, bytes of them, seconds. Then it answers what it has found.
LOOKED_AT, BYTES, SECONDS = 10_000, 32 * 1024 * 1024, 1.0
_FIRST_SLICE, _SLICE_BYTES = 64, 4 * 1024 * 1024
_SEARCHED = 16  # jobs at once by a pattern
# Stretches that are read side by side, in the order of time: a cursor that people carry has room for so
# many. The queues of more come one group after the other.
_LANES = 250
_QUEUES = 100  # whose sizes are asked for at once


async def gather(
    verbs: Paging,
    wanted: Filter,
    passed: Cursor,
    *,
    limit: int,
    whole: bool = False,
    since: int = 0,
    reruns: bool = False,
) -> tuple[list[JobRow], bool]:
    """The rows of one page, and whether there are more behind what is ``passed`` by then.

    ``whole``: however many queues there are, all in the order of time; the cursor becomes too large for
    others then. With ``since`` (ms) without what came later, and ``reruns`` what ran or died later.
    """
    if not 0 < limit <= LOOKED_AT:
        raise Usage(f"a page has from 1 to {LOOKED_AT} jobs, not {limit}")
    reader = _Reader(verbs, wanted, limit, since, reruns)
    found = await verbs.places(wanted)
    places = list(dict.fromkeys(place for _, place in found))
    queues: Sequence[str] = sorted({queue for queue, _ in found if queue >= passed.first})
    while queues:
        passed.first = queues[0]
        lanes, behind = await _group(verbs, queues, places, passed, whole=whole)
        walk = Walk(verbs.store, lanes, passed)
        await reader.read(walk)
        if await walk.fill(1):
            return reader.rows, True
        for queue in queues[: len(queues) - len(behind)]:
            passed.marks.pop(queue, None)
        queues = behind
    return reader.rows, False


async def _group(
    verbs: Paging, queues: Sequence[str], places: Sequence[str], passed: Cursor, *, whole: bool
) -> tuple[list[Stretch], Sequence[str]]:
    """The stretches of the first queues, as many as go together; and the queues behind them.

    Most places of most queues are empty: only those count where jobs stand, or stood a page ago.
    """
    lanes: list[Stretch] = []
    for start in range(0, len(queues), _QUEUES):
        some = [verbs.keys(queue) for queue in queues[start : start + _QUEUES]]
        for n, held in enumerate(await verbs.store.ask(sizes(some, places))):
            mine = [s for s in stretches_of(some[n], places) if held[s.place] or passed.mark(s)]
            if lanes and not whole and len(lanes) + len(mine) > _LANES:
                return lanes, queues[start + n :]
            lanes += mine
    return lanes, []


class _Reader:
    """Fills the rows of one page, at a bounded cost: it reads fewer jobs at once where they are large."""

    def __init__(self, verbs: Paging, wanted: Filter, limit: int, since: int, reruns: bool) -> None:
        self.rows: list[JobRow] = []
        self._verbs, self._wanted, self._limit = verbs, wanted, limit
        self._since, self._reruns = since, reruns
        self._jobs, self._bytes, self._slice = LOOKED_AT, BYTES, _FIRST_SLICE
        self._until = time.monotonic() + SECONDS

    async def read(self, walk: Walk) -> None:
        while len(self.rows) < self._limit and not self._spent():
            whole = self._wanted.by_content or self._since
            candidates = await walk.next(min(self._slice, SLICE if whole else self._limit - len(self.rows)))
            if not candidates:
                return
            for n, row in enumerate(await self._rows(candidates)):
                if len(self.rows) == self._limit:
                    walk.put_back(candidates[n:])
                    return
                walk.passed(candidates[n])
                if row is not None:
                    self.rows.append(row)

    def _spent(self) -> bool:
        return self._jobs <= 0 or self._bytes <= 0 or time.monotonic() >= self._until

    def _spend(self, jobs: int, size: int) -> None:
        self._jobs -= jobs
        self._bytes -= size
        most = _SEARCHED if self._wanted.error else SLICE  # a search may take long: look at the clock
        self._slice = max(1, min(most, _SLICE_BYTES * jobs // max(1, size), self._jobs))

    async def _rows(self, candidates: Sequence[Candidate]) -> list[JobRow | None]:
        """The row of each, or None where it is not meant."""
        now = await self._verbs.store.ask(ask.time_ms()) if self._wanted.older_than else 0
        rows: list[JobRow | None] = [None] * len(candidates)
        by_queue: dict[str, list[int]] = {}
        for n, one in enumerate(candidates):
            by_queue.setdefault(one.queue, []).append(n)
        for queue, mine in by_queue.items():
            ids = [candidates[n].id for n in mine]
            specs, metas, errors = await self._verbs.store.ask(ask.records(self._verbs.keys(queue), ids))
            self._spend(len(ids), sum(map(len, specs)) + sum(map(len, errors)))
            for n, spec, meta, told in zip(mine, specs, metas, errors, strict=True):
                rows[n] = self._row(candidates[n], spec, meta, told, now)
        return rows

    def _row(self, one: Candidate, spec: bytes, meta: bytes, errors: bytes, now: int) -> JobRow | None:
        if self._since and self._is_later(one):
            return None
        row = row_of(one.id, one.queue, one.state, one.score, spec, meta, errors, self._verbs.defaults)
        return row if means(self._wanted, row, spec, errors, now) else None

    def _is_later(self, one: Candidate) -> bool:
        if not self._reruns:
            return one.record.created > self._since
        died = one.score if one.state == "failed" else 0
        return max(one.record.created, one.record.started, died) > self._since
