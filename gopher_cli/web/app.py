"""The HTTP application: routes, keys, errors, and one Gopher for as long as it lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from gopher_cli import __version__
from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.model.access import READ
from gopher_cli.web import health, problems
from gopher_cli.web.access.door import needs
from gopher_cli.web.api import jobs, openapi, stats
from gopher_cli.web.api.published import Published
from gopher_cli.web.gate import InTime, OwnNames


def create_app(settings: Settings) -> FastAPI:
    """Redis may be away when it starts, and may come and go: the routes say so, each time."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_gopher(settings) as gopher:
            app.state.gopher = gopher
            app.state.published = Published(gopher)
            yield

    # The pages of FastAPI's documentation load scripts from elsewhere: there are none.
    app = FastAPI(
        title="gopher", version=__version__, description="A job queue: submit jobs, see them.",
        lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False,
    )  # fmt: skip
    app.state.settings = settings
    app.include_router(health.router)
    for router in (jobs.router, stats.router):
        app.include_router(router, dependencies=[Depends(needs(READ))])
    problems.install(app)
    app.add_middleware(InTime, seconds=settings.server_write_timeout)
    if not settings.api_key:
        app.add_middleware(OwnNames, host=settings.server_host)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    return app
