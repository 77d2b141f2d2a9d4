"""How far queues have come with a file of jobs that may come again: what `gopher submit --batch-id` asks."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import SUBMIT
from gopher_cli.model.job.batch_mark import read_mark
from gopher_cli.model.job.value_checks import check_queue
from gopher_cli.verbs.submit import wanted_durability
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.body import read_json
from gopher_cli.web.api.support.openapi import answers, body_of
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.strict_json import parse
from gopher_cli.web.api.support.submit_common import permit
from gopher_cli.web.api.support.views import answered
from gopher_cli.web.server.parameters import ONE_QUEUE, Given, Parameters, parameter, wrong
from gopher_cli.web.server.problems import Problem, field, soon, wished
from gopher_cli.web.services.services import gopher_of

routes = Routes("/api/v1/batches", "jobs")
_QUERY, _PUT = Parameters("batch", "queue", "durability", queue=ONE_QUEUE), Parameters("batch", "durability")
_DISK = 30.0  # seconds that a disk or a replica may take


class MarkView(msgspec.Struct, kw_only=True):
    """`mark` is the last line; a digest of all up to it; and the lines that were refused, with commas."""

    queue: str
    mark: str


class MarkList(msgspec.Struct, kw_only=True):
    """Of the queues that the caller may submit to, and that have something of this batch."""

    items: list[MarkView]


openapi.SCHEMAS += [MarkList]


@routes(
    "GET", SUBMIT, "How far a batch has come", takes=_QUERY,
    answers=answers("MarkList", "a mark of each queue", s403="the key may not submit"),
)  # fmt: skip
async def get_batch_marks(request: Request) -> Response:
    """What it tells is as safe as `durability` says."""
    given = Given(request)
    batch, queue, level = batch_of(given), given.text("queue"), given.text("durability")
    with parameter("durability"):
        wanted_durability(level)
    if not batch:
        raise wrong("batch", "batch is needed")
    gopher = gopher_of(request)
    marks = await soon(gopher.batch_marks(batch, queue))
    mine = {queue: mark for queue, mark in marks.items() if request.state.caller.may(SUBMIT, queue)}
    for queue in mine:
        await soon(gopher.confirm(queue, level), _DISK if level else 0.0)
    return answered(MarkList(items=[MarkView(queue=queue, mark=str(mark)) for queue, mark in mine.items()]))


@routes(
    "PUT", SUBMIT, "Keep how far a batch has come", takes=_PUT, body=body_of("MarkView"),
    answers=answers("MarkView", "it is kept", s403="the key may not submit to this queue"),
)  # fmt: skip
async def put_batch_mark(request: Request) -> Response:
    """The last mark of a queue, when what became of all lines is known; as safe as `durability` says."""
    given = Given(request)
    batch, level = batch_of(given), given.text("durability")
    with parameter("durability"):
        wanted_durability(level)
    if not batch:
        raise wrong("batch", "batch is needed")
    kept = _read(await read_json(request))
    permit(request.state.caller, kept.queue)
    gopher = gopher_of(request)
    with wished(level):
        await soon(gopher.mark_batch(kept.queue, batch, kept.mark, level), _DISK if level else 0.0)
    return answered(kept)


def _read(text: bytes) -> MarkView:
    """Raises Problem."""
    try:
        kept = msgspec.convert(parse(text), MarkView)
    except msgspec.ValidationError as error:
        raise Problem(422, str(error), pointer="") from error
    with field("/queue"):
        check_queue(kept.queue)
    with field("/mark"):
        read_mark(kept.mark)
    return kept


def batch_of(given: Given) -> str:
    """The id of the batch that is asked for, or "". Raises Problem 422."""
    batch = given.text("batch")
    if len(batch) > 100 or not batch.isprintable():
        raise wrong("batch", "batch is 1-100 printable characters")
    return batch


def check_mark(mark: str, batch: str) -> None:
    """Raises Problem 422: a batch needs the mark of each of its jobs, and nothing else has one."""
    if bool(mark) != bool(batch):
        raise Problem(422, "mark goes with ?batch=ID, and each job of a batch has one", pointer="/mark")
    if mark:
        with field("/mark"):
            read_mark(mark)
