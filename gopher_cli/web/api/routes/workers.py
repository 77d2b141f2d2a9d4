"""Workers, types and history over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE, READ
from gopher_cli.model.numbers.series import History
from gopher_cli.model.views.stats import OrderedWorker, WorkerInfo
from gopher_cli.version import __version__
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.openapi import answers
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.views import answered
from gopher_cli.web.server.links import rooted
from gopher_cli.web.server.parameters import Given, Parameters
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

routes = Routes("/api/v1", "")
_HISTORY, _ALL = Parameters("minutes", "queue", "type"), Parameters("all")


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


@routes("GET", READ, "Where everything is", answers("Root", "the way to everything else"), tag="stats")
async def get_root(request: Request) -> Response:
    links = {name: rooted(f"/api/v1/{name}") for name in _LINKS}
    return answered(Root(version=__version__, openapi=rooted("/openapi.json"), links=links))


@routes("GET /workers", READ, "List the workers", answers("WorkerList", "the workers"), tag="workers")
async def list_workers(request: Request) -> Response:
    """Who is working, on what, and since when."""
    return answered(WorkerList(items=await soon(gopher_of(request).workers())))


_ORDER: dict[str, Any] = {
    "answers": answers(
        "Ordered", "they hear it within some two seconds", s404="no such worker",
        s409="several are called so (say which, or ?all=true), or it has been silent for too long",
    ),
    "takes": _ALL, "tag": "workers",
}  # fmt: skip


@routes("POST /workers/{name}/quiet", OPERATE, "Let a worker start no job any more", **_ORDER)
async def quiet_worker(name: str, request: Request) -> Response:
    """`name` is its id, its name, `host:pid` or a host. Running jobs finish."""
    return await _order(name, "quiet", request)


@routes("POST /workers/{name}/resume", OPERATE, "Let a quiet worker start jobs again", **_ORDER)
async def resume_worker(name: str, request: Request) -> Response:
    return await _order(name, "resume", request)


@routes("POST /workers/{name}/stop", OPERATE, "Let a worker finish its jobs and end", **_ORDER)
async def stop_worker(name: str, request: Request) -> Response:
    """As SIGTERM: running jobs have the grace, then they go back. A service manager may start it again."""
    return await _order(name, "stop", request)


async def _order(name: str, order: str, request: Request) -> Response:
    every = Given(request).flag("all")
    return answered(Ordered(items=await soon(gopher_of(request).order(name, order, every=every))))


@routes("GET /types", READ, "List the types of jobs", answers("TypeList", "the types"), tag="types")
async def list_types(request: Request) -> Response:
    """Those that workers have published, with the JSON Schema of their payloads."""
    types = await soon(gopher_of(request).types())
    return answered(TypeList(items=[TypeView(type=name, schema=schema) for name, schema in types.items()]))


@routes(
    "GET /history", READ, "The last minutes as series",
    answers("History", "series", s404="no such queue"), takes=_HISTORY, tag="stats",
)  # fmt: skip
async def get_history(request: Request) -> Response:
    """Throughput, percentiles (seconds) and depth, a value a step; null where nothing is known."""
    given = Given(request)
    minutes, queues, type = given.number("minutes", 60, 1440), given.words("queue"), given.text("type")
    return answered(await soon(gopher_of(request).history(minutes, queues=queues, type=type)))
