"""Queues over HTTP: how they stand, pause, resume, purge, remove."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE, READ
from gopher_cli.model.select.actions import DELETE
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.stats import QueueStats
from gopher_cli.web.api.routes.bulk_actions import BULK_ANSWERS, done, meant_body
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.filters import Meant, filter_of_body, known_queue, read_meant
from gopher_cli.web.api.support.openapi import answers
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.views import answered
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of

routes = Routes("/api/v1/queues", "queues")


class QueueList(msgspec.Struct, kw_only=True):
    """Every queue that has ever been used."""

    items: list[QueueStats]


class Switched(msgspec.Struct, kw_only=True):
    """`changed` is false where it was so already."""

    queue: str
    paused: bool
    changed: bool


class Removed(msgspec.Struct, kw_only=True):
    """A queue that is gone."""

    queue: str


openapi.SCHEMAS += [QueueList, QueueStats, Switched, Removed]
_NO_QUEUE, _SERVED = "no such queue", "it has jobs, or a living worker serves it"
_SWITCHED = answers(
    "Switched", "it is so now", example={"queue": "mail", "paused": True, "changed": True}, s404=_NO_QUEUE
)


@routes("GET", READ, "List the queues", answers("QueueList", "the queues", s404=_NO_QUEUE))
async def list_queues(request: Request) -> Response:
    """Jobs by state and class, counters, and the age in seconds of the oldest that waits."""
    return answered(QueueList(items=await soon(gopher_of(request).queue_stats())))


@routes("GET /{queue}", READ, "Look at a queue", answers("QueueStats", "the queue", s404=_NO_QUEUE))
async def get_queue(queue: str, request: Request) -> Response:
    (stats,) = await soon(gopher_of(request).queue_stats([known_queue(queue)]))
    return answered(stats)


@routes("PUT /{queue}/pause", OPERATE, "Pause a queue", _SWITCHED, name="put_pause_queue")
@routes("POST /{queue}/pause", OPERATE, "Pause a queue", _SWITCHED)
async def pause_queue(queue: str, request: Request) -> Response:
    """No job of it starts any more; running ones finish, and new ones may be submitted."""
    return await _switch(queue, request, paused=True)


@routes("PUT /{queue}/resume", OPERATE, "Resume a queue", _SWITCHED, name="put_resume_queue")
@routes("POST /{queue}/resume", OPERATE, "Resume a queue", _SWITCHED)
async def resume_queue(queue: str, request: Request) -> Response:
    """It goes on."""
    return await _switch(queue, request, paused=False)


async def _switch(queue: str, request: Request, *, paused: bool) -> Response:
    changed = await soon(gopher_of(request).pause(known_queue(queue), paused=paused))
    return answered(Switched(queue=queue, paused=paused, changed=changed))


@routes(
    "DELETE /{queue}", OPERATE, "Remove a queue that has no jobs",
    answers("Removed", "it is gone", example={"queue": "mial"}, s404=_NO_QUEUE, s409=_SERVED),
)  # fmt: skip
async def remove_queue(queue: str, request: Request) -> Response:
    """With its pause, its counters and charts, and the windows of its unique keys. The next job that is
    submitted to it makes it anew."""
    await soon(gopher_of(request).remove_queue(known_queue(queue)))
    return answered(Removed(queue=queue))


@routes("POST /{queue}/purge", OPERATE, "Delete jobs of a queue for good", BULK_ANSWERS, body=meant_body())
async def purge_queue(queue: str, request: Request) -> Response:
    """As `POST /jobs/purge`, in this queue alone; `{"all": true}` is all of it but running jobs."""
    meant = await read_meant(request)
    filter = _in_it_alone(known_queue(queue), meant, filter_of_body(meant))
    return await done(request, DELETE, meant, filter)


def _in_it_alone(queue: str, meant: Meant, filter: Filter) -> Filter:
    """What is meant, in this queue. Raises Problem 422 where a field or the search means another one."""
    if filter.queues not in ((), (queue,)):
        raise Problem(422, "the path names another queue", pointer="/queue" if meant.queue else "/q")
    # The path has named the queue already: to name it again says nothing of which jobs.
    if not (meant.all or filter.states or filter.by_content or meant.ids is not msgspec.UNSET):
        hint = 'name another criterion, or say {"all": true} and nothing else'
        raise Problem(422, "which jobs of this queue are meant?", hint=hint, pointer="/all")
    return msgspec.structs.replace(filter, queues=(queue,))
