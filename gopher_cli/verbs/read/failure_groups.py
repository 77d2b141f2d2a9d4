"""Grouping the dead letter queue by error: what went wrong, how often, since when."""

from __future__ import annotations

from collections import Counter

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.select.failure_groups import FailureGroup, FailureGroups, group_of, shape_of
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.job_view import JobRow
from gopher_cli.verbs.core import Core

_SAMPLE = 5
_ALL = Filter()


async def failure_groups(core: Core, filter: Filter = _ALL, *, most: int = 10_000) -> FailureGroups:
    """Dead jobs by their last error, the largest group first; the ``most`` newest are looked at.

    Fewer, where they are so large that a page of them ends before. ``Filter(group=...)`` finds the jobs
    of a group. Raises Usage for other states than failed.
    """
    if set(filter.states) - {"failed"}:
        raise Usage("only dead jobs are grouped", "leave the states out, or say failed")
    from gopher_cli.verbs.select.merge import Cursor
    from gopher_cli.verbs.select.scan import Scan, rows_of  # late: most commands list nothing

    by_group: dict[str, _Gathered] = {}
    dead = msgspec.structs.replace(filter, states=("failed",))
    jobs = Scan(core, dead, Cursor(newest=True), whole=True)
    rows = rows_of(await jobs.next(most))
    for row in rows:
        by_group.setdefault(group_of(row.error or ""), _Gathered()).add(row)
    groups = [gathered.group(name) for name, gathered in by_group.items()]
    groups.sort(key=lambda group: (-group.count, -group.last_ms))
    return FailureGroups(groups, len(rows), whole=not jobs.more)


class _Gathered:
    """One group while it grows; its jobs come the newest first."""

    def __init__(self) -> None:
        self.newest: list[JobRow] = []
        self.oldest: JobRow | None = None
        self.types: Counter[str] = Counter()
        self.queues: Counter[str] = Counter()

    def add(self, row: JobRow) -> None:
        self.types[row.type] += 1
        self.queues[row.queue] += 1
        self.oldest = row
        if len(self.newest) < _SAMPLE:
            self.newest.append(row)

    def group(self, name: str) -> FailureGroup:
        first = self.newest[0]
        return FailureGroup(
            group=name,
            error=shape_of(first.error or ""),
            count=self.types.total(),
            types=dict(self.types.most_common()),
            queues=dict(self.queues.most_common()),
            first_ms=(self.oldest or first).at,
            last_ms=first.at,
            sample=[row.id for row in self.newest],
        )
