"""Workers, types and history over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.numbers.series import History
from gopher_cli.model.views.stats import OrderedWorker, WorkerInfo
from gopher_cli.version import __version__
from gopher_cli.web.api.routes.jobs import answered
from gopher_cli.web.api.support import openapi
from gopher_cli.web.server.links import rooted
from gopher_cli.web.server.parameters import Parameters
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(prefix="/api/v1")
operating = APIRouter(prefix="/api/v1")
_NONE, _HISTORY, _ALL = Parameters(), Parameters("minutes", "queue", "type"), Parameters("all")


class Root(msgspec.Struct, kw_only=True):
    """Where everything is."""

    version: str
    openapi: str
    links: dict[str, str]


class WorkerList(msgspec.Struct, kw_only=True):
    """Who was heard in the last minute, the dead ones too."""

    items: list[WorkerInfo]


class Ordered(msgspec.Struct, kw_only=True):
    """The workers that were given an order. `changed` is false where one was so already."""

    items: list[OrderedWorker]


class TypeView(msgspec.Struct, kw_only=True):
    """`schema` is the JSON Schema of its payload, as a worker has published it."""

    type: str
    schema: Any


class TypeList(msgspec.Struct, kw_only=True):
    """By name."""

    items: list[TypeView]


openapi.SCHEMAS += [Root, WorkerList, Ordered, TypeList, History]
_LINKS = (
    "jobs",
    "dlq",
    "queues",
    "types",
    "workers",
    "stats",
    "history",
    "expects",
    "events",
    "keys",
    "audit",
)
_PROBLEMS = openapi.problems(s422="a parameter is not valid")


@router.get(
    "", summary="Where everything is", operation_id="get_root", tags=["stats"],
    responses=_PROBLEMS | {200: openapi.answer("the way to everything else", "Root")},
)  # fmt: skip
async def root(request: Request) -> Response:
    _NONE.read(request)
    links = {name: rooted(f"/api/v1/{name}") for name in _LINKS}
    return answered(Root(version=__version__, openapi=rooted("/openapi.json"), links=links))


@router.get(
    "/workers", summary="List the workers", operation_id="list_workers", tags=["workers"],
    responses=_PROBLEMS | {200: openapi.answer("the workers", "WorkerList")},
)  # fmt: skip
async def workers(request: Request) -> Response:
    """Who is working, on what, and since when."""
    _NONE.read(request)
    gopher = gopher_of(request)
    return answered(WorkerList(items=await soon(gopher.workers())))


_ORDERED = openapi.problems(
    s403="this key lacks the scope operate", s404="no such worker",
    s409="several are called so (say which, or ?all=true), or it has been silent for too long",
    s422="a parameter is not valid",
) | {200: openapi.answer("they hear it within some two seconds", "Ordered")}  # fmt: skip


@operating.post(
    "/workers/{name}/quiet", summary="Let a worker start no job any more", operation_id="quiet_worker",
    tags=["workers"], openapi_extra={"parameters": _ALL.described}, responses=_ORDERED,
)  # fmt: skip
async def quiet(name: str, request: Request) -> Response:
    """`name` is its id, its name, `host:pid` or a host. Running jobs finish."""
    return await _order(name, "quiet", request)


@operating.post(
    "/workers/{name}/resume", summary="Let a quiet worker start jobs again", operation_id="resume_worker",
    tags=["workers"], openapi_extra={"parameters": _ALL.described}, responses=_ORDERED,
)  # fmt: skip
async def resume(name: str, request: Request) -> Response:
    return await _order(name, "resume", request)


@operating.post(
    "/workers/{name}/stop", summary="Let a worker finish its jobs and end", operation_id="stop_worker",
    tags=["workers"], openapi_extra={"parameters": _ALL.described}, responses=_ORDERED,
)  # fmt: skip
async def stop(name: str, request: Request) -> Response:
    """As SIGTERM: running jobs have the grace, then they go back. A service manager may start it again."""
    return await _order(name, "stop", request)


async def _order(name: str, order: str, request: Request) -> Response:
    every = _ALL.read(request).flag("all")
    gopher = gopher_of(request)
    return answered(Ordered(items=await soon(gopher.order(name, order, every=every))))


@router.get(
    "/types", summary="List the types of jobs", operation_id="list_types", tags=["types"],
    responses=_PROBLEMS | {200: openapi.answer("the types", "TypeList")},
)  # fmt: skip
async def types(request: Request) -> Response:
    """Those that workers have published, with the JSON Schema of their payloads."""
    _NONE.read(request)
    gopher = gopher_of(request)
    found = await soon(gopher.types())
    return answered(TypeList(items=[TypeView(type=name, schema=schema) for name, schema in found.items()]))


@router.get(
    "/history", summary="The last minutes as series", operation_id="get_history", tags=["stats"],
    openapi_extra={"parameters": _HISTORY.described},
    responses=_PROBLEMS | openapi.problems(s404="no such queue") | {200: openapi.answer("series", "History")},
)  # fmt: skip
async def history(request: Request) -> Response:
    """Throughput, percentiles (seconds) and depth, a value a step; null where nothing is known."""
    given = _HISTORY.read(request)
    gopher = gopher_of(request)
    minutes, queues, type = given.number("minutes", 60, 1440), given.words("queue"), given.text("type")
    return answered(await soon(gopher.history(minutes, queues=queues, type=type)))
