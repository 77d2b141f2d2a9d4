"""Pages of a list of jobs: each goes on where the last one ended, whatever comes and goes meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.job_view import JobRow
from gopher_cli.verbs.core import SLICE, Core


class Page(msgspec.Struct, frozen=True):
    """Some rows of a list; with ``next_cursor`` it goes on, and empty it has ended."""

    rows: list[JobRow]
    next_cursor: str


async def list_page(
    core: Core, filter: Filter, *, limit: int = 50, cursor: str = "", newest: bool = True
) -> Page:
    """The next rows of a list, by the time that their state turns on; ``limit`` at most.

    Of more queues than a cursor has room for, one group comes after the other (`scan._LANES`).
    What one page may cost is bounded: it may have fewer rows, even none, and a cursor to go on. A
    job that changes its state while the list is read may come twice; any other comes exactly once.
    Raises Usage for a cursor that is none, NotFound for an unknown queue.
    """
    from gopher_cli.verbs.select.merge import Cursor
    from gopher_cli.verbs.select.scan import Scan, rows_of  # late: most commands list nothing

    passed = Cursor.read(cursor, newest=newest)
    jobs = Scan(core, filter, passed)
    rows = rows_of(await jobs.next(limit))
    return Page(rows, passed.text() if jobs.more else "")


async def list_jobs(core: Core, filter: Filter, *, limit: int = 50, newest: bool = True) -> list[JobRow]:
    """Jobs as rows, those whose state is the newest first; ``limit`` in all, 0 for no limit."""
    slices = list_slices(core, filter, limit=limit, newest=newest)
    return [row async for rows, _ in slices for row in rows]


async def list_slices(
    core: Core, filter: Filter, *, limit: int = 0, newest: bool = True
) -> AsyncIterator[tuple[list[JobRow], int]]:
    """The same, some rows at a time, or none; and how many jobs have been looked at by then."""
    from gopher_cli.verbs.select.merge import Cursor
    from gopher_cli.verbs.select.scan import Scan, rows_of

    scan, count = Scan(core, filter, Cursor(newest), whole=True), 0
    while scan.more and (not limit or count < limit):
        rows = rows_of(await scan.next(min(SLICE, limit - count) if limit else SLICE))
        count += len(rows)
        yield rows, scan.looked
