"""Queues over HTTP: how they stand, pause, resume, purge, remove."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.errors import NotFound
from gopher_cli.model.hints import LIST_QUEUES
from gopher_cli.model.job.ids import VALID_NAME
from gopher_cli.model.select.actions import DELETE
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.stats import QueueStats
from gopher_cli.web.api.routes.bulk_actions import answers as _purge_answers
from gopher_cli.web.api.routes.bulk_actions import body_of, done
from gopher_cli.web.api.routes.jobs import answered
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.filters import Meant, filter_of_body, read_meant
from gopher_cli.web.server.parameters import Parameters
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of

reading = APIRouter(prefix="/api/v1/queues", tags=["queues"])
router = APIRouter(prefix="/api/v1/queues", tags=["queues"])
_NONE = Parameters()


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
_queue_answers = openapi.problems(s404="no such queue", s422="a parameter is not valid")
_switch_answers = _queue_answers | openapi.problems(s403="this key lacks the scope operate") | {
    200: openapi.answer(
        "it is so now", "Switched", example={"queue": "mail", "paused": True, "changed": True}
    )
}  # fmt: skip


@reading.get(
    "", summary="List the queues", operation_id="list_queues",
    responses=_queue_answers | {200: openapi.answer("the queues", "QueueList")},
)  # fmt: skip
async def queues(request: Request) -> Response:
    """Jobs by state and class, counters, and the age in seconds of the oldest that waits."""
    _NONE.read(request)
    gopher = gopher_of(request)
    return answered(QueueList(items=await soon(gopher.queue_stats())))


@reading.get(
    "/{queue}", summary="Look at a queue", operation_id="get_queue",
    responses=_queue_answers | {200: openapi.answer("the queue", "QueueStats")},
)  # fmt: skip
async def queue(queue: str, request: Request) -> Response:
    _NONE.read(request)
    gopher = gopher_of(request)
    (found,) = await soon(gopher.queue_stats([_known(queue)]))
    return answered(found)


@router.put(
    "/{queue}/pause", summary="Pause a queue", operation_id="put_pause_queue", responses=_switch_answers,
)  # fmt: skip
@router.post(
    "/{queue}/pause", summary="Pause a queue", operation_id="pause_queue", responses=_switch_answers,
)  # fmt: skip
async def pause(queue: str, request: Request) -> Response:
    """No job of it starts any more; running ones finish, and new ones may be submitted."""
    return await _switch(queue, request, paused=True)


@router.put(
    "/{queue}/resume", summary="Resume a queue", operation_id="put_resume_queue", responses=_switch_answers,
)  # fmt: skip
@router.post(
    "/{queue}/resume", summary="Resume a queue", operation_id="resume_queue", responses=_switch_answers,
)  # fmt: skip
async def resume(queue: str, request: Request) -> Response:
    """It goes on."""
    return await _switch(queue, request, paused=False)


async def _switch(queue: str, request: Request, *, paused: bool) -> Response:
    _NONE.read(request)
    gopher = gopher_of(request)
    changed = await soon(gopher.pause(_known(queue), paused=paused))
    return answered(Switched(queue=queue, paused=paused, changed=changed))


@router.delete(
    "/{queue}", summary="Remove a queue that has no jobs", operation_id="remove_queue",
    responses=_queue_answers | openapi.problems(
        s403="this key lacks the scope operate", s409="it has jobs, or a living worker serves it"
    ) | {200: openapi.answer("it is gone", "Removed", example={"queue": "mial"})},
)  # fmt: skip
async def remove(queue: str, request: Request) -> Response:
    """With its pause, its counters and charts, and the windows of its unique keys. The next job that is
    submitted to it makes it anew."""
    _NONE.read(request)
    gopher = gopher_of(request)
    await soon(gopher.remove_queue(_known(queue)))
    return answered(Removed(queue=queue))


@router.post(
    "/{queue}/purge", summary="Delete jobs of a queue for good", operation_id="purge_queue",
    responses=_purge_answers, openapi_extra=body_of("Meant"),
)  # fmt: skip
async def purge(queue: str, request: Request) -> Response:
    """As `POST /jobs/purge`, in this queue alone; `{"all": true}` is all of it but running jobs."""
    _NONE.read(request)
    meant = await read_meant(request)
    wanted = _in_it_alone(_known(queue), meant, filter_of_body(meant))
    return await done(request, DELETE, meant, wanted)


def _in_it_alone(queue: str, meant: Meant, wanted: Filter) -> Filter:
    """What is meant, in this queue. Raises Problem 422 where a field or the search means another one."""
    if wanted.queues not in ((), (queue,)):
        raise Problem(422, "the path names another queue", pointer="/queue" if meant.queue else "/q")
    # The path has named the queue already: to name it again says nothing of which jobs.
    if not (meant.all or wanted.states or wanted.by_content or meant.ids is not msgspec.UNSET):
        hint = 'name another criterion, or say {"all": true} and nothing else'
        raise Problem(422, "which jobs of this queue are meant?", hint=hint, pointer="/all")
    return msgspec.structs.replace(wanted, queues=(queue,))


def _known(queue: str) -> str:
    """Raises NotFound for what is no name at all."""
    if not VALID_NAME.fullmatch(queue):
        raise NotFound(f"no queue {queue[:64]!r}", LIST_QUEUES)
    return queue
