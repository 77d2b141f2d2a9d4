"""The dead letter queue by error: what goes wrong, how often, since when, and away with it."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.select.failure_groups import FailureGroup, FailureGroups
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.select.filter_parser import format_search
from gopher_cli.web.dashboard.page_route import PageRoute
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.views.search import depths, read_search
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute)
_LOOKED_AT = 5000  # of the newest: so many can be read while somebody waits
_NONE = FailureGroups([], seen=0, whole=True)


@router.get("/dlq")
async def dlq(request: Request) -> Response:
    gopher, search = gopher_of(request), read_search(Given(request).free_text("q", 4000))
    groups, wrong = _NONE, (search.wrong, search.hint)
    counts = await soon(depths(gopher, Filter())) or {}
    if not search.wrong:
        try:
            groups = await soon(gopher.failure_groups(search.wanted, most=_LOOKED_AT))
        except (Usage, NotFound) as error:
            wrong = (str(error), error.hint)
    return page(
        request, "dlq.html", status=422 if wrong[0] else 200, search=search, wrong=wrong,
        groups=[(group, _search_of(group, search.wanted)) for group in groups.groups], seen=groups.seen,
        whole=groups.whole, failed=counts.get("failed", 0), all_text=_all(search.wanted),
        now=await soon(gopher.time_ms()),
    )  # fmt: skip


def _search_of(group: FailureGroup, filter: Filter) -> str:
    """The search that finds exactly the jobs of a group."""
    return format_search(msgspec.structs.replace(filter, states=("failed",), group=group.group))


def _all(filter: Filter) -> str:
    return format_search(msgspec.structs.replace(filter, states=("failed",)))
