"""What operators do to schedules over HTTP: define, pause, resume, run, backfill, remove."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE, SUBMIT
from gopher_cli.model.errors import BadData, Changed, Unfinished
from gopher_cli.model.job.value_checks import check_queue
from gopher_cli.model.schedule.recurrence import BadSchedule
from gopher_cli.model.schedule.schedule import check_schedule_name
from gopher_cli.model.schedule.schedule_state import ScheduleRow
from gopher_cli.web.api.schedules import openapi_schedules as about
from gopher_cli.web.api.schedules.schedule_request import (
    bad_schedule,
    pointing,
    read_backfill,
    read_reason,
    read_schedule,
)
from gopher_cli.web.api.schedules.schedule_views import Backfilled, change_done, row_done, run_reply
from gopher_cli.web.api.schedules.schedules import row_of
from gopher_cli.web.api.support.body import MAX_BODY, check_kind, read, read_json
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.submit_common import permit
from gopher_cli.web.api.support.views import answered
from gopher_cli.web.server.links import links_of_schedule
from gopher_cli.web.server.parameters import parameter
from gopher_cli.web.server.problems import PATIENCE, Problem, field, soon
from gopher_cli.web.services import idempotency
from gopher_cli.web.services.idempotency import Claim, Reply
from gopher_cli.web.services.services import gopher_of, services_of

routes = Routes("/api/v1/schedules", "schedules")
T = TypeVar("T")
_CHANGE: dict[str, Any] = {"answers": about.CHANGE_ANSWERS, "headers": [about.IF_MATCH]}
_BACKFILL = 60.0  # seconds that a hundred thousand jobs may take


@routes(
    "PUT /{queue}/{name}", OPERATE, "Define a schedule", about.PUT_ANSWERS,
    headers=[about.IF_MATCH, about.ONLY_NEW], body=about.SCHEDULE,
)  # fmt: skip
async def put_schedule(queue: str, name: str, request: Request) -> Response:
    """The body says all of it: what is left out has its default. The same again changes nothing."""
    with parameter("queue"):
        check_queue(queue)
    with parameter("name"):
        check_schedule_name(name)
    gopher = gopher_of(request)
    asked = read_schedule(await read_json(request), gopher.defaults, queue, name)
    await services_of(request).type_schemas.refresh()
    services_of(request).type_schemas.fits(asked.job, asked.payload)
    revision = await _revision(request, queue, name)
    with pointing(asked):
        change = await _seen(gopher.set_schedule(name, revision=revision, **asked.options))
    headers = {"Location": links_of_schedule(queue, name)["self"]}
    return answered(change_done(change), 201 if change.change == "created" else 200, headers)


@routes("DELETE /{queue}/{name}", OPERATE, "Remove a schedule", **_CHANGE)
async def delete_schedule(queue: str, name: str, request: Request) -> Response:
    """With its history. The jobs that it has made stay."""
    row = await row_of(request, queue, name)
    await _seen(gopher_of(request).drop_schedule(name, queue, revision=_matched(request, row)))
    return answered(row_done(row, "removed", changed=True))


@routes("POST /{queue}/{name}/pause", OPERATE, "Pause a schedule", **_CHANGE, body=about.PAUSE)
async def pause_schedule(queue: str, name: str, request: Request) -> Response:
    """Nothing of it runs until it is resumed, and what is due meanwhile is not made up for."""
    gopher = gopher_of(request)
    text = await read(request, lambda _: MAX_BODY)
    if text:
        check_kind(request)
    reason = read_reason(text)
    revision = _matched(request, await row_of(request, queue, name))
    with field("/reason"):
        changed = await _seen(gopher.pause_schedule(name, queue, reason, revision=revision))
    return answered(row_done(await row_of(request, queue, name), "paused", changed=changed))


@routes("POST /{queue}/{name}/resume", OPERATE, "Resume a schedule", **_CHANGE)
async def resume_schedule(queue: str, name: str, request: Request) -> Response:
    """It counts from now on."""
    revision = _matched(request, await row_of(request, queue, name))
    with _readable():
        changed = await _seen(gopher_of(request).resume_schedule(name, queue, revision=revision))
    return answered(row_done(await row_of(request, queue, name), "resumed", changed=changed))


@routes(
    "POST /{queue}/{name}/run", SUBMIT, "Run a schedule now", about.RUN_ANSWERS,
    headers=[about.IDEMPOTENCY_KEY],
)  # fmt: skip
async def run_schedule(queue: str, name: str, request: Request) -> Response:
    """Beside its ticks, which stay as they are; its overlap counts."""
    permit(request.state.caller, queue)
    gopher = gopher_of(request)
    row = await row_of(request, queue, name)

    async def work(claim: Claim | None) -> Reply:
        made = gopher.run_schedule(name, queue, mark=claim.id if claim else "")
        try:
            with _readable():
                id = await soon(made)
        except Unfinished as error:
            hint = f"look at it: GET /api/v1/jobs/{error.job_id}"
            raise Problem(409, str(error), hint=hint, job_id=error.job_id, code="unfinished") from error
        return run_reply(row, id, claim.at_ms if claim else time.time_ns() // 1_000_000)

    if key := idempotency.key_of(request):
        return (await idempotency.once(services_of(request), request, key, b"", work)).response()
    return (await work(None)).response()


@routes(
    "POST /{queue}/{name}/backfill", OPERATE, "Make the jobs of past instants", about.BACKFILL_ANSWERS,
    body=about.BACKFILL,
)  # fmt: skip
async def backfill_schedule(queue: str, name: str, request: Request) -> Response:
    """Those that have run, and are known still, are not made again. Up to 100 000 in a request."""
    asked = read_backfill(await read_json(request))
    await row_of(request, queue, name)
    request.state.patience = PATIENCE + _BACKFILL
    try:
        work = gopher_of(request).backfill(
            name,
            asked.first,
            asked.last,
            queue,
            overlap=asked.overlap,
            again=asked.again,
            dry_run=asked.dry_run,
        )
        with _readable():
            backfill = await soon(work, _BACKFILL)
    except BadSchedule as error:
        raise bad_schedule(error, f"/{error.field}") from error
    return answered(
        Backfilled(
            name=name,
            queue=queue,
            made=list(backfill.made),
            known=list(backfill.known),
            dry_run=asked.dry_run,
        )
    )


@contextmanager
def _readable() -> Iterator[None]:
    """Raises Problem 409 for a schedule that cannot be read here."""
    try:
        yield
    except BadData as error:
        raise Problem(409, str(error), hint="define it again, or remove it", code="bad_data") from error


async def _seen(change: Awaitable[T]) -> T:
    """Raises Problem 412 where it is not any more as it was seen."""
    try:
        return await soon(change)
    except Changed as error:
        raise _not_as_it_was(str(error)) from error


async def _revision(request: Request, queue: str, name: str) -> int | None:
    """Which revision alone is to be changed: 0 for what must not be there, None for whichever it is.

    Raises Problem 412.
    """
    if request.headers.get("if-none-match", "").strip() == "*":
        return 0
    if "if-match" not in request.headers:
        return None
    rows = await soon(gopher_of(request).schedules_called(name, queue))
    if not rows:
        raise _not_as_it_was(f"there is no schedule {name} in the queue {queue}")
    return _matched(request, rows[0])


def _matched(request: Request, row: ScheduleRow) -> int | None:
    """Likewise, for one that is there. Of an ETag the revision counts; an empty If-Match matches nothing."""
    wanted = request.headers.get("if-match")
    if wanted is None:
        return None
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in wanted.split(","))
    if not any(tag == "*" or tag.partition("-")[0] == str(row.revision) for tag in tags):
        raise _not_as_it_was(f"the schedule {row.name} is not defined any more as If-Match says")
    return row.revision


def _not_as_it_was(detail: str) -> Problem:
    return Problem(412, detail, hint="look again, and send it with the ETag that it has now")
