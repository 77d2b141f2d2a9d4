"""Submitting a job that recurs: it makes a schedule, and answers the job of the next instant."""

from __future__ import annotations

import msgspec
from starlette.requests import Request

from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.errors import Changed
from gopher_cli.web.api.schedules.schedule_request import Wanted, pointing, read_recurring
from gopher_cli.web.api.support.dialects import Accepted, Dialect
from gopher_cli.web.api.support.job_request import Asked
from gopher_cli.web.server.links import links_of_schedule
from gopher_cli.web.server.problems import OTHER_KEY, Problem, soon
from gopher_cli.web.services.idempotency import Reply
from gopher_cli.web.services.services import gopher_of

_STATES = {"active": "scheduled"}  # of a schedule, as that of its next job


async def define(request: Request, dialect: Dialect, schedule: Wanted) -> Reply:
    """201 for a schedule that is new, 200 for one that is there. Raises Problem."""
    gopher = gopher_of(request)
    # Who may only submit makes new ones; to change what is there takes an operator.
    revision = None if request.state.caller.may(OPERATE) else 0
    try:
        with pointing(schedule):
            change = await soon(gopher.set_schedule(schedule.name, revision=revision, **schedule.options))
    except Changed as error:
        detail = "there is a schedule of this name already, and this key may not change it"
        raise Problem(403, detail, hint=OTHER_KEY, pointer="/recurring/name", scope=OPERATE) from error
    made = Accepted(
        id=change.job_id, type=schedule.job.spec.type, queue=change.queue,
        state=_STATES.get(change.state, change.state), at_ms=change.since, schedule=change.name,
        next_ms=change.next,
    )  # fmt: skip
    links = links_of_schedule(change.queue, change.name)
    headers = {"Content-Type": "application/json", "Location": links["self"]}
    body = msgspec.json.encode(dialect.submitted(dialect, made))
    return Reply(201 if change.change == "created" else 200, headers, body)


def read(request: Request, asked: Asked, wait: float) -> Wanted:
    """Raises Problem 422, also for who asks to wait for its end; a mere preference is ignored."""
    if wait and "wait" in request.query_params:
        detail = "a job that recurs has no end to wait for"
        raise Problem(422, detail, hint="leave wait out", parameter="wait")

    return read_recurring(asked, gopher_of(request).defaults)
