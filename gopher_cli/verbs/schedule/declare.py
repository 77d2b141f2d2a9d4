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
from gopher_cli.verbs.schedule.schedules import ScheduleVerbs, change_of


class DeclareVerb(ScheduleVerbs):
    async def declare_schedule(
        self, declaration: Declaration, queue: str = "", served: Collection[str] | None = None, *,
        now: str = "",
    ) -> ScheduleChange:  # fmt: skip
        """Set what code declares, where that is news: what operators have changed meanwhile stays.

        A declaration that names no queue is of ``queue``, but where code has declared it before it stays: so
        workers of one application that serve different queues do not take it from each other. With
        ``served``, the queues of all living workers, it stays only in one of these. It leaves every other
        queue that it was declared for, and stays paused where it was. Raises as `set_schedule` does.
        """
        named = declaration.options.get("queue")
        before = await self._declared(declaration.name)
        schedule = self._made(declaration, named or _home(before, served) or queue)
        change, known = await self._declare(schedule, before, now), before
        if not named and change.change == "created":
            known = await self._declared(declaration.name)
            if (first := _first(known, before)) not in ("", schedule.queue):
                schedule = self._made(declaration, first)
                change = await self._declare(schedule, known, now)
        for row in known:
            if row.queue != schedule.queue:
                await self._leave(row, schedule.queue, now)
        return change

    async def _declared(self, name: str) -> list[ScheduleRow]:
        """Those of this name that code has set."""
        rows = await self.schedules_called(name)
        return [row for row in rows if row.schedule and row.schedule.origin == "app"]

    def _made(self, declaration: Declaration, queue: str) -> Schedule:
        options = declaration.options | {"queue": queue or None}
        payload = declaration.payload.encode()
        schedule = self.make_schedule(declaration.name, declaration.type, payload, **options)
        return msgspec.structs.replace(schedule, origin="app", declared=declaration.digest)

    async def _declare(self, schedule: Schedule, known: Sequence[ScheduleRow], now: str) -> ScheduleChange:
        for row in known:
            if row.queue == schedule.queue and row.schedule and row.schedule.declared == schedule.declared:
                clock = int(now) if now else await self.store.ask(ask.time_ms())
                return change_of(row, row.schedule, "unchanged", clock)
        return await self.put_schedule(schedule, now=now)

    async def _leave(self, row: ScheduleRow, queue: str, now: str) -> None:
        """It is in this other queue now."""
        if row.standing.pause:
            await self._pause_as(row.name, queue, row.standing.pause, now)
        else:
            await self.tick(row.queue, now=now)
        with suppress(NotFound):  # another worker that starts does the same
            await self.drop_schedule(row.name, row.queue, now=now)

    async def _pause_as(self, name: str, queue: str, pause: Pause, now: str) -> None:
        actor = ACTOR.set(pause.by)
        try:
            await self.pause_schedule(name, queue, pause.reason, now=now)
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
