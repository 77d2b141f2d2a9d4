"""Schedules as operators see them: what is defined, what is next, and what became of the last ticks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from gopher_cli.model.errors import Ambiguous, BadData, NotFound
from gopher_cli.model.hints import LIST_QUEUES, LIST_SCHEDULES
from gopher_cli.model.schedule.schedule_state import ScheduleRow
from gopher_cli.store.asks import ask, schedules
from gopher_cli.store.asks.schedules import Stored
from gopher_cli.verbs.core import Core

_PAGE = 20  # each may have a payload of 1 MB


async def list_schedules(core: Core, queue: str = "") -> list[ScheduleRow]:
    """All schedules, or those of a queue, by queue and name.

    Of all, those are left out whose queue has keys of a foreign type: see `diagnose`. Raises NotFound for
    an unknown queue, and BadData for one that has such keys.
    """
    if not queue:
        names, _ = await schedule_names(core)
        rows, _ = await schedules_named(core, names)
        return rows
    if queue not in await core.store.ask(ask.queues(core.namespace)):
        raise NotFound(f"no queue {queue}", LIST_QUEUES)
    return await schedules_of(core, [queue])


async def schedules_of(core: Core, queues: Sequence[str]) -> list[ScheduleRow]:
    """All schedules of these queues."""
    return [
        row
        for queue, names in (await _names(core, queues)).items()
        for row in await rows_in(core, queue, names)
    ]


async def schedule_names(core: Core) -> tuple[list[tuple[str, str]], list[str]]:
    """(queue, name) of all schedules, by both; apart, queues with foreign keys, which hide no others."""
    queues = await core.store.ask(ask.queues(core.namespace))
    try:
        by_queue, foreign = await _names(core, queues), list[str]()
    except BadData:
        by_queue, foreign = await _names_apart(core, queues)
    return [(queue, name) for queue, names in by_queue.items() for name in names], foreign


async def _names_apart(core: Core, queues: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    names, foreign = dict[str, list[str]](), list[str]()
    for queue in queues:
        try:
            names |= await _names(core, [queue])
        except BadData:
            foreign.append(queue)
    return names, foreign


async def _names(core: Core, queues: Sequence[str]) -> dict[str, list[str]]:
    names = await core.store.ask(schedules.names([core.keys(queue) for queue in queues])) if queues else []
    return dict(zip(queues, names, strict=True))


async def schedules_named(
    core: Core, asked: Sequence[tuple[str, str]]
) -> tuple[list[ScheduleRow], list[str]]:
    """Those of these (queue, name) that are there; apart, as above, the queues with foreign keys."""
    apart, rows, foreign = defaultdict[str, list[str]](list), list[ScheduleRow](), list[str]()
    for queue, name in asked:
        apart[queue].append(name)
    for queue, names in apart.items():
        try:
            rows += await rows_in(core, queue, names)
        except BadData:
            foreign.append(queue)
    return rows, foreign


async def rows_in(core: Core, queue: str, names: Sequence[str]) -> list[ScheduleRow]:
    keys, rows = core.keys(queue), list[ScheduleRow]()
    for start in range(0, len(names), _PAGE):
        stored = await core.store.ask(schedules.read(keys, names[start : start + _PAGE]))
        found_rows = [row_of(queue, definition) for definition in stored if definition]
        ids = {entry.detail for row in found_rows for entry in row.standing.history if entry.made}
        last = [row.standing.job for row in found_rows if row.standing.job]
        states = await core.store.ask(schedules.states(keys, sorted(ids.union(last))))
        rows += [_whole(row, states) for row in found_rows]
    return rows


async def schedule_row(core: Core, name: str, queue: str = "") -> ScheduleRow:
    """One schedule. Raises NotFound, or Ambiguous where several queues have one of this name."""
    return the_schedule(await schedules_called(core, name, queue), name)


async def schedules_called(core: Core, name: str, queue: str = "") -> list[ScheduleRow]:
    """Those of this name, of all queues or of one. A queue that cannot be read hides none of another."""
    if queue:
        return await rows_in(core, queue, [name])
    rows, broken = list[ScheduleRow](), list[BadData]()
    for holder in await _having(core, name):
        try:
            rows += await rows_in(core, holder, [name])
        except BadData as error:
            broken.append(error)
    if broken and not rows:
        raise broken[0]
    return rows


async def _having(core: Core, name: str) -> list[str]:
    """The queues that may have a schedule of this name: one look at all, unless one of them is broken."""
    queues = await core.store.ask(ask.queues(core.namespace))
    try:
        answers = await core.store.ask(schedules.known([core.keys(queue) for queue in queues], name))
    except BadData:
        return queues
    return [queue for queue, there in zip(queues, answers, strict=True) if there]


async def read_schedule(core: Core, queue: str, name: str, now: str) -> tuple[Stored | None, int]:
    clock, (stored,) = await core.store.ask(ask.clocked(schedules.read(core.keys(queue), [name])))
    return stored, int(now) if now else clock


def the_schedule(rows: Sequence[ScheduleRow], name: str) -> ScheduleRow:
    """The only one of those that are called so. Raises NotFound or Ambiguous."""
    if not rows:
        raise NotFound(f"no schedule {name[:80]!r}", LIST_SCHEDULES)
    if len(rows) > 1:
        several = [row.queue for row in rows]
        raise Ambiguous(f"the schedule {name} is in several queues: {', '.join(several)}", several)
    return rows[0]


def row_of(queue: str, stored: Stored) -> ScheduleRow:
    next, standing, revision = None, stored.standing, int(stored.revision or 0)
    try:
        next = schedules.next_instant(queue, stored)
        schedule = schedules.decode_definition(queue, stored.name, stored.definition)
        _ = schedule.instants
    except (BadData, ValueError) as error:
        return ScheduleRow(
            stored.name, queue, "unreadable", next, None, standing, str(error), revision=revision
        )
    state = "paused" if standing.pause else "over" if next is None else "active"
    return ScheduleRow(stored.name, queue, state, next, schedule, standing, revision=revision)


def _whole(row: ScheduleRow, states: dict[str, str]) -> ScheduleRow:
    ids = {row.standing.job, *(entry.detail for entry in row.standing.history if entry.made)}
    jobs = {id: states[id] for id in ids if id in states}
    return msgspec.structs.replace(row, jobs=jobs)
