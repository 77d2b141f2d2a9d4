"""Jobs: search them, state by state, page by page."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.select.actions import PLAIN, RESCHEDULE, Action
from gopher_cli.verbs.select.list import Page
from gopher_cli.web.dashboard.page_route import PageRoute
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.views.queries import lines_of
from gopher_cli.web.dashboard.views.search import Search, Tab, read_search, suggestions, tabs_of, total_of
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute)
_NOTHING = Page([], "")
_LOOKING = 0.8  # seconds
SIZES = (25, 50, 100, 200)


@router.get("/jobs")
async def jobs(request: Request) -> Response:
    gopher, given = gopher_of(request), Given(request)
    search, cursor = read_search(given.free_text("q", 4000)), given.free_text("cursor", 20_000)
    order = given.free_text("order", 10, "newest")
    size = next((size for size in SIZES if str(size) == given.free_text("size", 10)), 50)
    rows, tabs, wrong = _NOTHING, list[Tab](), (search.wrong, search.hint)
    if not search.wrong:
        try:
            rows, tabs = await soon(_look(gopher, search, cursor, order, size), 1)
        except (NotFound, Usage) as error:
            wrong = (str(error), error.hint)
    lines = await soon(lines_of(gopher, rows.rows))
    return page(
        request, "jobs.html", status=422 if wrong[0] else 200, search=search, wrong=wrong, tabs=tabs,
        lines=lines, next_cursor=rows.next_cursor, cursor=cursor, order=order, size=size, sizes=SIZES,
        now=await soon(gopher.time_ms()), offers=await soon(suggestions(gopher)),
        actions=actions_for(search.wanted.states), total=total_of(tabs),
        waiting=bool(search.wanted.states) and all(map(RESCHEDULE.allows, search.wanted.states)),
    )  # fmt: skip


async def _look(gopher: Gopher, search: Search, cursor: str, order: str, size: int) -> tuple[Page, list[Tab]]:
    return await asyncio.gather(
        _first_rows(gopher, search, cursor, order, size),
        tabs_of(gopher, search),
    )


async def _first_rows(gopher: Gopher, search: Search, cursor: str, order: str, size: int) -> Page:
    """What one look may cost is bounded, and a rare job can be far away: look on for a while."""
    until = time.monotonic() + _LOOKING
    while True:
        rows = await gopher.page(search.wanted, limit=size, cursor=cursor, newest=order != "oldest")
        if rows.rows or not rows.next_cursor or time.monotonic() > until:
            return rows
        cursor = rows.next_cursor


def actions_for(states: tuple[str, ...]) -> list[Action]:
    """What can be done to jobs in these states; to any where none is named."""
    return [action for action in PLAIN.values() if not states or any(map(action.allows, states))]
