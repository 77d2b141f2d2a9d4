"""What the API answers of schedules."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec

from gopher_cli.model.schedule.next_runs import NextRun
from gopher_cli.model.schedule.schedule_state import ScheduleChange, ScheduleRow
from gopher_cli.model.schedule.schedule_view import ScheduleView, view
from gopher_cli.model.text.humanize import moment
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.request_bodies import (
    BackfillRequest,
    PauseRequest,
    PreviewRequest,
    ScheduleRequest,
)
from gopher_cli.web.api.support.views import Submitted
from gopher_cli.web.server.links import links_of, links_of_schedule
from gopher_cli.web.services.idempotency import Reply


class ScheduleDetail(ScheduleView, kw_only=True, rename={"start": "from"}):
    __doc__ = ScheduleView.__doc__

    links: dict[str, str]


class ScheduleList(msgspec.Struct, kw_only=True):
    """By queue and name."""

    items: list[ScheduleDetail]


class ScheduleDone(msgspec.Struct, kw_only=True):
    """`outcome`: created, changed or unchanged; paused, resumed or removed. `changed` is false where it was
    so already. `state` is how it stands then: also removed; `job_id` the job of `next_run`."""

    name: str
    queue: str
    outcome: str
    changed: bool
    state: str | None
    next_run: str | None
    job_id: str | None
    links: dict[str, str]


class Backfilled(msgspec.Struct, kw_only=True):
    """Ids of the jobs that were made, or with `dry_run` would be; and of those that were known before."""

    name: str
    queue: str
    made: list[str]
    known: list[str]
    dry_run: bool


class NextRunView(msgspec.Struct, kw_only=True):
    """`local` is the same instant as clocks of its zone show it; `note` says what is unusual about it."""

    instant: str | None
    local: str
    note: str | None
    job_id: str | None


class NextRuns(msgspec.Struct, kw_only=True):
    """Empty where nothing is to come. `description` is when it runs, in plain English."""

    description: str | None
    items: list[NextRunView]


openapi.SCHEMAS += [
    ScheduleDetail, ScheduleList, ScheduleDone, Backfilled, NextRuns,
    ScheduleRequest, PreviewRequest, BackfillRequest, PauseRequest,
]  # fmt: skip


def detail(row: ScheduleRow) -> ScheduleDetail:
    known = msgspec.structs.asdict(view(row))
    return ScheduleDetail(**known, links=links_of_schedule(row.queue, row.name))


def etag_of(row: ScheduleRow) -> str:
    """Weak. It begins with the revision: that alone counts where something is changed."""
    known = msgspec.json.encode([row.state, row.next, row.standing, sorted(row.jobs.items()), row.problem])
    return f'W/"{row.revision}-{zlib.crc32(known):08x}"'


def change_done(change: ScheduleChange) -> ScheduleDone:
    next = moment(change.next or 0)
    return ScheduleDone(
        name=change.name, queue=change.queue, outcome=change.change, changed=change.change != "unchanged",
        state=change.state, next_run=next, job_id=change.job_id if next else None,
        links=links_of_schedule(change.queue, change.name),
    )  # fmt: skip


def run_reply(row: ScheduleRow, id: str, at_ms: int) -> Reply:
    """The job that it has been run as."""
    type = row.schedule.spec.type if row.schedule else ""
    made = Submitted(
        job_id=id, status="enqueued", created_at=moment(at_ms), type=type, queue=row.queue,
        links=links_of(id) | {"schedule": links_of_schedule(row.queue, row.name)["self"]}, schedule=row.name,
    )  # fmt: skip
    headers = {"Content-Type": "application/json", "Location": links_of(id)["self"]}
    return Reply(201, headers, msgspec.json.encode(made), id, row.queue)


def row_done(row: ScheduleRow, outcome: str, *, changed: bool) -> ScheduleDone:
    """Of one that is ``removed``, ``row`` is how it stood before."""
    if outcome == "removed":
        row = ScheduleRow(row.name, row.queue, outcome)
    job_id = row.schedule.job_id(row.next // 1000) if row.schedule and row.next else None
    return ScheduleDone(
        name=row.name, queue=row.queue, outcome=outcome, changed=changed, state=row.state,
        next_run=moment(row.next or 0), job_id=job_id, links=links_of_schedule(row.queue, row.name),
    )  # fmt: skip


def next_view(description: str | None, runs: Iterable[NextRun]) -> NextRuns:
    items = [
        NextRunView(
            instant=moment(run.instant * 1000),
            local=run.local,
            note=run.note or None,
            job_id=run.job_id or None,
        )
        for run in runs
    ]
    return NextRuns(description=description, items=items)
