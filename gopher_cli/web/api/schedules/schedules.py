"""Schedules over HTTP: how they stand, when they run next, and what an expression would mean."""

from __future__ import annotations

import asyncio
import time
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import READ
from gopher_cli.model.errors import NotFound
from gopher_cli.model.hints import LIST_SCHEDULES
from gopher_cli.model.job.ids import VALID_NAME
from gopher_cli.model.schedule.next_runs import next_runs, next_runs_of
from gopher_cli.model.schedule.schedule import check_schedule_name
from gopher_cli.model.schedule.schedule_state import ScheduleRow
from gopher_cli.model.schedule.schedule_view import describe_when
from gopher_cli.web.api.schedules import openapi_schedules as about
from gopher_cli.web.api.schedules.schedule_request import MOST_SHOWN, SHOWN, read_preview
from gopher_cli.web.api.schedules.schedule_views import (
    ScheduleDetail,
    ScheduleList,
    detail,
    etag_of,
    next_view,
)
from gopher_cli.web.api.support.body import read_json
from gopher_cli.web.api.support.etag import matches
from gopher_cli.web.api.support.filters import known_queue
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.views import FRESH, answered
from gopher_cli.web.server.parameters import Given, Parameters, parameter
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

routes = Routes("/api/v1/schedules", "schedules")
_PATIENCE, _PAGE = 3.0, 100  # seconds that a thousand schedules may take beside a silent Redis
_OF, _COUNT = Parameters("queue", "name"), Parameters("count")


@routes("GET", READ, "List the schedules", about.LIST_ANSWERS, takes=_OF)
async def list_schedules(request: Request) -> Response:
    """When they run, what is next, how they stand, and what became of their last ticks."""
    given = Given(request)
    queues, name = [known_queue(queue) for queue in given.words("queue")], given.text("name")
    with parameter("name"):
        name = name and check_schedule_name(name)
    gopher = gopher_of(request)
    rows: list[ScheduleRow] = []
    for queue in queues or [""]:
        found = gopher.schedules_called(name, queue) if name else gopher.schedules(queue)
        rows += await soon(found, _PATIENCE)
    items: list[ScheduleDetail] = []
    for start in range(0, len(rows), _PAGE):
        items += [detail(row) for row in rows[start : start + _PAGE]]
        await asyncio.sleep(0)  # others have waited
    return answered(ScheduleList(items=items))


@routes("POST /preview", READ, "Tell what an expression means", about.PREVIEW_ANSWERS, body=about.PREVIEW)
async def preview_schedule(request: Request) -> Response:
    """When it would run, in plain English and as a list; nothing is stored."""
    when, key, count = read_preview(await read_json(request), gopher_of(request).defaults)
    runs = next_runs(when, when.start - 1e-3 if when.start else time.time(), key)
    return answered(next_view(describe_when(when, key), islice(runs, min(count, when.times or count))))


@routes("GET /{queue}/{name}", READ, "Look at a schedule", about.GET_ANSWERS, headers=[about.IF_NONE_MATCH])
async def get_schedule(queue: str, name: str, request: Request) -> Response:
    """All of it. Its ETag is for If-None-Match, and for If-Match where it is changed."""
    row = await row_of(request, queue, name)
    headers = {"ETag": etag_of(row)}
    known = request.headers.get("if-none-match", "")
    if known and matches(known, headers["ETag"]):
        return Response(status_code=304, headers=FRESH | headers)
    return answered(detail(row), 200, headers)


@routes("GET /{queue}/{name}/next", READ, "Tell its next runs", about.NEXT_ANSWERS, takes=_COUNT)
async def get_next_runs(queue: str, name: str, request: Request) -> Response:
    """As clocks of its time zone show them; of one that is paused those that it would have."""
    count = Given(request).number("count", SHOWN, MOST_SHOWN)
    row = await row_of(request, queue, name)
    return answered(next_view(detail(row).description, islice(next_runs_of(row, time.time()), count)))


async def row_of(request: Request, queue: str, name: str) -> ScheduleRow:
    """Raises NotFound, also for what is not a name at all."""
    if not VALID_NAME.fullmatch(name):
        raise NotFound(f"no schedule {name[:64]!r}", LIST_SCHEDULES)
    return await soon(gopher_of(request).schedule_row(name, known_queue(queue)))
