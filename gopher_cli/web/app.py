"""The HTTP application: routes, keys, errors, and one Gopher for as long as it lives."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Security
from fastapi.security import APIKeyHeader
from starlette.requests import Request

from gopher_cli import __version__
from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.web import health, jobs, openapi, problems, stats
from gopher_cli.web.gate import InTime, OwnNames
from gopher_cli.web.problems import Problem
from gopher_cli.web.published import Published

_header = APIKeyHeader(name="X-API-KEY", auto_error=False, description="where API_KEY is set")


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
        app.include_router(router, dependencies=[Depends(_with_key)])
    problems.install(app)
    app.add_middleware(InTime, seconds=settings.server_write_timeout)
    if not settings.api_key:
        app.add_middleware(OwnNames, host=settings.server_host)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    return app


async def _with_key(request: Request, given: Annotated[str | None, Security(_header)]) -> None:
    """Raises Problem 401. Without a key in the settings, only this machine can knock here."""
    settings: Settings = request.app.state.settings
    wanted = settings.api_key
    if wanted and not hmac.compare_digest((given or "").encode(), wanted.encode()):
        said = "this key is not known" if given else "an API key is needed"
        raise Problem(401, said, hint="send it as X-API-KEY", headers={"WWW-Authenticate": "ApiKey"})
