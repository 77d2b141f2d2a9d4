"""Schedules through the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from gopher_cli.model.errors import BadData, Denied
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.ids import VALID_NAME
from gopher_cli.model.job.payload import EMPTY
from gopher_cli.model.schedule.schedule_state import Backfill, ScheduleChange, ScheduleRow
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.model.text.humanize import ms_of
from gopher_cli.remote.http import Wire
from gopher_cli.remote.schedule_values import body_of, recurring_of, row_of
from gopher_cli.verbs.schedule.new_schedule import new_schedule
from gopher_cli.verbs.schedule.schedule_rows import the_schedule

_WAITS = 60.0  # seconds that a backfill may take
_Items = dict[str, list[dict[str, msgspec.Raw]]]


class RemoteSchedules:
    wire: Wire
    defaults: Defaults

    async def set_schedule(
        self, name: str | None, type: str, payload: Any = EMPTY, **options: Any
    ) -> ScheduleChange:
        """What makes no sense is told here, in the words of a shell."""
        schedule = new_schedule(self.defaults, name, type, payload, **options)
        try:
            return _change_of(self.wire.put(_path(schedule.queue, schedule.name), body_of(schedule)))
        except Denied as error:
            if getattr(error, "problem", {}).get("scope") != "operate":
                raise
        # A key that may only submit makes new ones.
        status, answer = self.wire.told("POST", "/jobs", recurring_of(schedule))
        return _submitted_of(status, answer)

    async def schedules(self, queue: str = "") -> list[ScheduleRow]:
        return self._rows({"queue": queue})

    async def schedules_called(self, name: str, queue: str = "") -> list[ScheduleRow]:
        # What is no name at all the server takes for a mistake.
        return self._rows({"name": name, "queue": queue}) if VALID_NAME.fullmatch(name) else []

    def _rows(self, asked: dict[str, str]) -> list[ScheduleRow]:
        return [row_of(item) for item in self.wire.get("/schedules", asked, kind=_Items)["items"]]

    async def schedule_row(self, name: str, queue: str = "") -> ScheduleRow:
        return the_schedule(await self.schedules_called(name, queue), name)

    async def pause_schedule(self, name: str, queue: str = "", reason: str = "") -> bool:
        return await self._hold(name, queue, "pause", {"reason": reason} if reason else None)

    async def resume_schedule(self, name: str, queue: str = "") -> bool:
        return await self._hold(name, queue, "resume", None)

    async def _hold(self, name: str, queue: str, action: str, body: dict[str, str] | None) -> bool:
        row = await self.schedule_row(name, queue)
        return bool(self.wire.post(_path(row.queue, name, action), body or {})["changed"])

    async def drop_schedule(self, name: str, queue: str = "") -> None:
        row = await self.schedule_row(name, queue)
        self.wire.delete(_path(row.queue, name))

    async def run_schedule(self, name: str, queue: str = "") -> str:
        row = await self.schedule_row(name, queue)
        return str(self._post(row, "run")["job_id"])

    async def backfill(
        self, name: str, first: float, last: float, queue: str = "", *,
        overlap: str = "all", again: bool = False, dry_run: bool = False,
    ) -> Backfill:  # fmt: skip
        row = await self.schedule_row(name, queue)
        body = {"from": _moment(first), "to": _moment(last), "overlap": overlap, "again": again,
                "dry_run": dry_run}  # fmt: skip
        answer = self._post(row, "backfill", body, waits=_WAITS)
        return Backfill(tuple(answer["made"]), tuple(answer["known"]))

    def _post(self, row: ScheduleRow, action: str, body: Any = None, *, waits: float = 0.0) -> Any:
        try:
            return self.wire.post(_path(row.queue, row.name, action), body, waits=waits)
        except BadData as error:
            if row.state == "unreadable":
                error.hint = f"gopher schedule rm {row.name} -Q {row.queue}, and set it again"
            raise


def _path(queue: str, name: str, action: str = "") -> str:
    return f"/schedules/{quote(queue, safe='')}/{quote(name, safe='')}" + (f"/{action}" if action else "")


def _moment(seconds: float) -> str:
    return rfc3339(round(seconds * 1000))


def _change_of(answer: dict[str, Any]) -> ScheduleChange:
    return ScheduleChange(
        answer["name"], answer["queue"], answer["outcome"], ms_of(answer["next_run"]) or None,
        answer["job_id"] or "", answer["state"],
    )  # fmt: skip


def _submitted_of(status: int, answer: dict[str, Any]) -> ScheduleChange:
    state = "active" if answer["status"] == "scheduled" else answer["status"]
    change = "created" if status == 201 else "unchanged"
    next = ms_of(answer["next_run"]) or None
    return ScheduleChange(answer["schedule"], answer["queue"], change, next, answer["job_id"], state)
