"""The HTTP application: routes, keys, errors, and one Gopher for as long as it lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.model.access.scopes import READ
from gopher_cli.version import __version__
from gopher_cli.web import health
from gopher_cli.web.api import install as api
from gopher_cli.web.api.routes import events, job, keys, stats
from gopher_cli.web.api.submit import submit
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.type_schemas import TypeSchemas
from gopher_cli.web.auth import install as access
from gopher_cli.web.auth.authenticate import needs
from gopher_cli.web.dashboard import install as dashboard
from gopher_cli.web.metrics import exposition
from gopher_cli.web.server import problems
from gopher_cli.web.server.middleware import Middleware
from gopher_cli.web.server.request_head import too_long, unclear
from gopher_cli.web.server.request_log import RequestLog
from gopher_cli.web.services.circuit_breaker import BreakerStore
from gopher_cli.web.services.event_feed import EventFeed
from gopher_cli.web.services.group_commit import GroupCommit


def whole_path(path: str, prefix: str) -> str:
    """The path with its prefix and without a slash at the end, as every route and link takes it."""
    below = path.removeprefix(prefix) if path == prefix or path.startswith(f"{prefix}/") else path
    return prefix + (below.rstrip("/") or "/")


class Application(FastAPI):
    """All requests pass its front first; what stands behind it is for those that it lets through.

    ``prefix`` is the path under which a proxy shows this server; the proxy may pass it on or take it away.
    """

    front: ASGIApp
    prefix: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["app"], scope["root_path"] = self, self.prefix
            scope["path"] = whole_path(scope["path"], self.prefix)
            await self.front(scope, receive, send)
        else:
            await self.route(scope, receive, send)

    async def route(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)


def create_app(settings: Settings, *, exposed: bool = False) -> Application:
    """Redis may be away when it starts, and may come and go: the routes say so, each time.

    ``exposed``: other machines reach it, so that everybody is asked for a key.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_gopher(settings, store=BreakerStore) as gopher:
            app.state.gopher = gopher
            guarded = cast("BreakerStore", gopher.store)
            app.state.commit = GroupCommit(gopher, settings.redis_timeout, lambda: guarded.away)
            app.state.readiness = health.Readiness(gopher)
            app.state.lateness = health.Lateness(gopher)
            app.state.feed = EventFeed(gopher, settings.server_event_clients)
            app.state.door.hang(gopher)
            app.state.published = TypeSchemas(gopher)
            yield
            app.state.feed.close()
            app.state.request_log.tell_the_rest()
            await app.state.door.close()

    # The pages of FastAPI's documentation load scripts from elsewhere: there are none.
    app = Application(
        title="gopher", version=__version__, description="A job queue: submit jobs, see them.",
        lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False,
    )  # fmt: skip
    app.prefix = settings.server_root_path
    app.state.settings = settings
    app.state.draining = app.state.ending = False  # it looks for its end, and is at it
    app.include_router(openapi.router)
    app.include_router(health.router)
    api.install_submits(app)  # before the routes that take anything behind /jobs/ for an id
    for router in (job.router, stats.router, events.router):
        app.include_router(router, dependencies=[Depends(needs(READ))])
    exposition.install(app)
    app.include_router(keys.router)
    problems.install(app)
    dashboard.install(app)
    api.install(app)
    checks = [*access.install(app, settings, exposed=exposed), unclear, too_long]
    app.state.request_log = RequestLog(app.state.traffic.route_of)
    front = Middleware(
        submit.shortened(app.route), checks, app.state.traffic, app.state.request_log, dashboard.refusal,
        reading=settings.server_read_timeout, answering=settings.server_write_timeout,
    )  # fmt: skip
    app.front = access.heard_by_friends(front, settings)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    return app
