"""The overview: how much of everything there is, how fast it moves, and what failed last."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.stats import QueueStats, Stats, TypeStats
from gopher_cli.web.dashboard.page_route import PageRoute
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.views.charts import shares
from gopher_cli.web.dashboard.views.overview_charts import RANGES, all_figures
from gopher_cli.web.dashboard.views.queries import now_in, recent, served
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute)
_RECENT, _TYPES, _QUEUES = 6, 8, 10


@router.get("/")
async def overview(request: Request) -> Response:
    gopher = gopher_of(request)
    stats = await soon(gopher.stats())
    # A queue with foreign keys must not hide the others.
    queues = tuple(queue.queue for queue in stats.queues) if stats.unreadable else ()
    failures, (chosen, history) = await soon(
        asyncio.gather(
            gopher.jobs(Filter(states=("failed",), queues=queues), limit=_RECENT),
            recent(gopher, queues, Given(request).free_text("range", 4)),
        )
    )
    waiting = [queue.queue for queue in stats.queues if queue.states["enqueued"]]
    return page(
        request, "overview.html", served=served(stats.workers), waiting=len(waiting),
        unserved=sorted(set(waiting) - served(stats.workers)), stats=stats, totals=totals(stats),
        failures=failures, chosen=chosen,
        ranges=list(RANGES), figures=all_figures(history, totals(stats)),
        share_bar=shares(list(totals(stats).items())),
        now=now_in(stats), types=busiest(stats)[:_TYPES],
        queues=fullest(stats)[:_QUEUES], minute=stats.windows[0],
    )  # fmt: skip


def totals(stats: Stats) -> dict[str, int]:
    """How many jobs are in each state, in the order of a job's life."""
    return {
        "enqueued": stats.pending, "processing": stats.running, "scheduled": stats.scheduled,
        "retrying": stats.retrying, "blocked": stats.blocked, "failed": stats.failed,
        "completed": stats.completed, "cancelled": stats.cancelled,
    }  # fmt: skip


def busiest(stats: Stats) -> list[TypeStats]:
    """Types that ended attempts in the last hour, the busiest first."""

    def ended(type: TypeStats) -> int:
        hour = type.windows[2]
        return hour.completed + hour.retried + hour.failed

    return sorted((one for one in stats.types if ended(one)), key=ended, reverse=True)


def fullest(stats: Stats) -> list[QueueStats]:
    """The queues where most is to be done first."""
    return sorted(
        stats.queues, key=lambda queue: (-queue.states["enqueued"] - queue.states["processing"], queue.queue)
    )
