"""The HTTP application: routes, keys, errors, and one Gopher for as long as it lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.version import __version__
from gopher_cli.web import health
from gopher_cli.web.api import install as api
from gopher_cli.web.api.submit import submit
from gopher_cli.web.api.support import openapi
from gopher_cli.web.auth.authenticate import Authenticator
from gopher_cli.web.auth.origin_checks import checks_of, heard_by_friends
from gopher_cli.web.dashboard import install as dashboard
from gopher_cli.web.metrics.exposition import Exposition
from gopher_cli.web.server import problems
from gopher_cli.web.server.lifecycle import Lifecycle
from gopher_cli.web.server.middleware import Middleware
from gopher_cli.web.server.request_head import too_long, unclear
from gopher_cli.web.server.request_log import RequestLog
from gopher_cli.web.server.traffic import Traffic
from gopher_cli.web.services.circuit_breaker import BreakerStore
from gopher_cli.web.services.event_feed import EventFeed
from gopher_cli.web.services.group_commit import GroupCommit
from gopher_cli.web.services.readiness import Lateness, Readiness
from gopher_cli.web.services.services import Services
from gopher_cli.web.services.type_schemas import TypeSchemas


def whole_path(path: str, prefix: str) -> str:
    """The path with its prefix and without a slash at the end, as every route and link takes it."""
    below = path.removeprefix(prefix) if path == prefix or path.startswith(f"{prefix}/") else path
    return prefix + (below.rstrip("/") or "/")


class Application(FastAPI):
    """All requests pass its front first; what stands behind it is for those that it lets through.

    ``prefix`` is the path under which a proxy shows this server; the proxy may pass it on or take it off.
    """

    front: ASGIApp
    lifecycle: Lifecycle
    prefix: str = ""

    @property
    def services(self) -> Services:
        services: Services = self.state.services
        return services

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
    lifecycle, traffic, authenticator = Lifecycle(), Traffic(), Authenticator(settings, exposed=exposed)
    request_log = RequestLog(traffic.route_of)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_gopher(settings, store=BreakerStore) as gopher:
            breaker = cast("BreakerStore", gopher.store)
            authenticator.attach(gopher)
            services = app.state.services = Services(
                settings, gopher, lifecycle, authenticator,
                GroupCommit(gopher, settings.redis_timeout, lambda: breaker.away), TypeSchemas(gopher),
                EventFeed(gopher, settings.server_event_clients), Readiness(gopher), Lateness(gopher),
                traffic, request_log, Exposition(traffic),
            )  # fmt: skip
            yield
            services.event_feed.close()
            request_log.tell_the_rest()
            await authenticator.close()

    # The pages of FastAPI's documentation load scripts from elsewhere: there are none.
    app = Application(
        title="gopher", version=__version__, description="A job queue: submit jobs, see them.",
        lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False,
    )  # fmt: skip
    app.prefix, app.lifecycle = settings.server_root_path, lifecycle
    _add_routes(app)
    checks = [*checks_of(authenticator, settings, exposed=exposed), unclear, too_long]
    front = Middleware(
        submit.shortened(app.route), checks, traffic, request_log, lifecycle, dashboard.refusal,
        reading=settings.server_read_timeout, answering=settings.server_write_timeout,
    )  # fmt: skip
    app.front = heard_by_friends(front, settings)
    return app


def _add_routes(app: FastAPI) -> None:
    app.include_router(openapi.router)
    app.include_router(health.router)
    api.install(app)
    problems.install(app)
    dashboard.install(app)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
