"""Schedules that code declares: each worker sets them at its start, and they stay one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress

import msgspec

from gopher_cli.actor import ACTOR
from gopher_cli.model.errors import NotFound
from gopher_cli.model.schedule.declaration import Declaration
from gopher_cli.model.schedule.schedule import Schedule
from gopher_cli.model.schedule.schedule_state import Pause, ScheduleChange, ScheduleRow
from gopher_cli.store.asks import ask
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.schedule.schedule_rows import schedules_called
from gopher_cli.verbs.schedule.schedules import (
    change_of,
    drop_schedule,
    make_schedule,
    pause_schedule,
    put_schedule,
)
from gopher_cli.verbs.schedule.ticks import tick


async def declare_schedule(
    core: Core, declaration: Declaration, queue: str = "", served: Collection[str] | None = None, *,
    now: str = "",
) -> ScheduleChange:  # fmt: skip
    """Set what code declares, where that is news: what operators have changed meanwhile stays.

    A declaration that names no queue is of ``queue``, but where code has declared it before it stays: so
    workers of one application that serve different queues do not take it from each other. With
    ``served``, the queues of all living workers, it stays only in one of these. It leaves every other
    queue that it was declared for, and stays paused where it was. Raises as `set_schedule` does.
    """
    named = declaration.options.get("queue")
    before = await _declared(core, declaration.name)
    schedule = _made(core, declaration, named or _home(before, served) or queue)
    change, known = await _declare(core, schedule, before, now), before
    if not named and change.change == "created":
        known = await _declared(core, declaration.name)
        if (first := _first(known, before)) not in ("", schedule.queue):
            schedule = _made(core, declaration, first)
            change = await _declare(core, schedule, known, now)
    for row in known:
        if row.queue != schedule.queue:
            await _leave(core, row, schedule.queue, now)
    return change


async def _declared(core: Core, name: str) -> list[ScheduleRow]:
    """Those of this name that code has set."""
    rows = await schedules_called(core, name)
    return [row for row in rows if row.schedule and row.schedule.origin == "app"]


def _made(core: Core, declaration: Declaration, queue: str) -> Schedule:
    options = declaration.options | {"queue": queue or None}
    payload = declaration.payload.encode()
    schedule = make_schedule(core, declaration.name, declaration.type, payload, **options)
    return msgspec.structs.replace(schedule, origin="app", declared=declaration.digest)


async def _declare(core: Core, schedule: Schedule, known: Sequence[ScheduleRow], now: str) -> ScheduleChange:
    for row in known:
        if row.queue == schedule.queue and row.schedule and row.schedule.declared == schedule.declared:
            clock = int(now) if now else await core.store.ask(ask.time_ms())
            return change_of(row, row.schedule, "unchanged", clock)
    return await put_schedule(core, schedule, now=now)


async def _leave(core: Core, row: ScheduleRow, queue: str, now: str) -> None:
    """It is in this other queue now."""
    if row.standing.pause:
        await _pause_as(core, row.name, queue, row.standing.pause, now)
    else:
        await tick(core, row.queue, now=now)
    with suppress(NotFound):  # another worker that starts does the same
        await drop_schedule(core, row.name, row.queue, now=now)


async def _pause_as(core: Core, name: str, queue: str, pause: Pause, now: str) -> None:
    actor = ACTOR.set(pause.by)
    try:
        await pause_schedule(core, name, queue, pause.reason, now=now)
    finally:
        ACTOR.reset(actor)


def _home(known: Sequence[ScheduleRow], served: Collection[str] | None) -> str:
    return _oldest([row for row in known if served is None or row.queue in served])


def _first(known: Sequence[ScheduleRow], before: Sequence[ScheduleRow]) -> str:
    """Workers that start together may each have chosen a queue of its own: the same one for all of them."""
    old = {row.queue for row in before}
    return _oldest([row for row in known if row.queue not in old])


def _oldest(rows: Sequence[ScheduleRow]) -> str:
    """The queue of the one that was defined first; "" for none."""
    return min(((row.revision, row.queue) for row in rows), default=(0, ""))[1]
