"""Queues: how long each line is, how old, how fast; and one queue with its charts and workers."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.gopher import Gopher
from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.errors import NotFound
from gopher_cli.model.views.stats import WorkerInfo
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import checked_form
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.views.charts import shares, spark
from gopher_cli.web.dashboard.views.overview_charts import depth, throughput, waits
from gopher_cli.web.dashboard.views.queries import now_in, recent, served
from gopher_cli.web.dashboard.views.template_filters import segment
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute)


@router.get("/queues")
async def queues(request: Request) -> Response:
    gopher = gopher_of(request)
    names = await soon(gopher.queues())
    stats, fast = await soon(asyncio.gather(gopher.stats(), gopher.speeds(names)))
    rows = [
        (stand, fast[stand.queue].per_second, spark(fast[stand.queue].per_minute, "completed"),
         _serving(stats.workers, stand.queue))
        for stand in stats.queues
    ]  # fmt: skip
    return page(request, "queues.html", rows=rows, unreadable=stats.unreadable, now=now_in(stats))


@router.get("/queues/{queue}")
async def queue(queue: str, request: Request) -> Response:
    gopher = gopher_of(request)
    stats, now_paused, (_, history) = await soon(
        asyncio.gather(gopher.stats([queue]), _paused_since(gopher, queue), recent(gopher, [queue]))
    )
    if not stats.queues:
        raise NotFound(f"The queue {queue} has keys that are not ours.", "Look at it with: gopher doctor")
    stand = stats.queues[0]
    return page(
        request, "queue.html", queue=stand, stats=stats, paused_since=now_paused,
        figures=[throughput(history), depth(history, stand.states), waits(history)],
        share_bar=shares([(state, count) for state, count in stand.states.items()]),
        workers=_serving(stats.workers, queue), served=served(stats.workers), now=now_in(stats),
    )  # fmt: skip


@router.post("/queues/{queue}/{action}", dependencies=[Depends(needs(OPERATE))])
async def act(queue: str, action: str, request: Request) -> Response:
    """Pause, or resume."""
    await checked_form(request)
    if action not in ("pause", "resume"):
        raise NotFound("There is nothing at this address.")
    changed = await soon(gopher_of(request).pause(queue, paused=action == "pause"))
    word = "paused: nothing more of it is leased" if action == "pause" else "running again"
    message = f"{queue} is {word}." if changed else f"{queue} was so already."
    return redirect(request, f"/queues/{segment(queue)}", message=message)


def _serving(workers: list[WorkerInfo], queue: str) -> list[WorkerInfo]:
    return [worker for worker in workers if worker.alive and queue in worker.queues]


async def _paused_since(gopher: Gopher, queue: str) -> int:
    """Epoch ms; 0 where it is not. Raises NotFound."""
    await gopher.known_queues([queue])
    return (await gopher.depth(queue)).paused_since
