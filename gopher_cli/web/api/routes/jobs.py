"""Lists over HTTP: jobs with filters and cursors, the dead letter queue, one job by a part of its id."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import READ
from gopher_cli.model.select.failure_groups import FailureGroup
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.filters import NAMES, filter_of_query
from gopher_cli.web.api.support.openapi import answers
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.views import JobLine, answered, job_line
from gopher_cli.web.server.links import links_of
from gopher_cli.web.server.parameters import MOST, ONE_QUEUE, Given, Parameters, parameter
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

_PATIENCE = 1.5  # seconds that a search may take beside a silent Redis
routes = Routes("/api/v1", "jobs")


class JobList(msgspec.Struct, kw_only=True):
    """A page. With `next_cursor` the list goes on, even where this page has few items, or none."""

    items: list[JobLine]
    next_cursor: str | None


class Where(msgspec.Struct, kw_only=True):
    """A job that was found by a part of its id."""

    job_id: str
    queue: str
    links: dict[str, str]


class GroupView(FailureGroup, frozen=True, kw_only=True):
    __doc__ = FailureGroup.__doc__


class GroupList(msgspec.Struct, kw_only=True):
    """The largest first. `seen` dead jobs were looked at; `whole` is false where there are more."""

    items: list[GroupView]
    seen: int
    whole: bool


openapi.SCHEMAS += [JobList, Where, GroupList]
_JOBS = Parameters(*NAMES, "limit", "cursor", "order")
_DEAD = Parameters(*(name for name in NAMES if name != "state"), "limit", "cursor", "order")
_GROUPS = Parameters(*(name for name in NAMES if name not in ("state", "group")))
_FIND = Parameters("id", "queue", queue=ONE_QUEUE)
_EXAMPLE = {
    "items": [
        {
            "job_id": "019f8a2c-7b1e-7c40-8a31-5b3d4ce62f10", "type": "email", "queue": "default",
            "status": "failed", "priority": 5, "attempts": 4, "max_retries": 3,
            "created_at": "2025-10-01T10:00:00.000Z", "since": "2025-10-01T10:02:31.412Z",
            "error": "SMTPConnectError: timed out",
            "links": {"self": "/api/v1/jobs/019f8a2c-7b1e-7c40-8a31-5b3d4ce62f10"},
        }
    ],
    "next_cursor": None,
}  # fmt: skip
_PAGE = answers("JobList", "a page", example=_EXAMPLE, s404="no such queue")


@routes("GET /jobs", READ, "List jobs", _PAGE, takes=_JOBS)
async def list_jobs(request: Request) -> Response:
    """Newest first, by the time that their state turns on. A job that is inserted shifts no other."""
    return await _page(request, Given(request))


@routes("GET /dlq", READ, "List the dead letter queue", _PAGE, takes=_DEAD, tag="dlq")
async def list_dlq(request: Request) -> Response:
    """Jobs that are out of retries, newest first."""
    return await _page(request, Given(request), ("failed",))


async def _page(request: Request, given: Given, states: tuple[str, ...] = ()) -> Response:
    filter = filter_of_query(given, states)
    limit, newest = given.number("limit", 50, MOST), given.choice("order", ("newest", "oldest")) == "newest"
    with parameter("cursor"):
        work = gopher_of(request).page(filter, limit=limit, cursor=given.text("cursor"), newest=newest)
        page = await soon(work, _PATIENCE)
    cursor, headers = page.next_cursor or None, {}
    if cursor:
        rest = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        headers["Link"] = f'<{request.url.path}?{urlencode([*rest, ("cursor", cursor)])}>; rel="next"'
    return answered(JobList(items=[job_line(row) for row in page.rows], next_cursor=cursor), 200, headers)


@routes(
    "GET /dlq/groups", READ, "Group the dead letter queue by error",
    answers("GroupList", "the groups", s404="no such queue"), takes=_GROUPS, tag="dlq",
)  # fmt: skip
async def list_failure_groups(request: Request) -> Response:
    """The 10 000 newest dead jobs by what they have in common; `?group=` lists the jobs of one."""
    filter = filter_of_query(Given(request), ("failed",))
    groups = await soon(gopher_of(request).failure_groups(filter), _PATIENCE * 2)
    items = [GroupView(**msgspec.structs.asdict(group)) for group in groups.groups]
    return answered(GroupList(items=items, seen=groups.seen, whole=groups.whole))


@routes(
    "GET /find", READ, "Find a job by a part of its id", takes=_FIND,
    answers=answers(
        "Where", "where it is", s404="no such job", s409="several queues have it", s422="it fits several"
    ),
)  # fmt: skip
async def find_job(request: Request) -> Response:
    """A whole id, or a unique prefix (4 characters) or suffix (6) of one."""
    given = Given(request)
    text, queue = given.text("id")[:140], given.text("queue")
    queue, id = await soon(gopher_of(request).find(text, queue), _PATIENCE * 2)
    return answered(Where(job_id=id, queue=queue, links=links_of(id)))
