"""The HTTP application: routes, keys, errors, and one Gopher for as long as it lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from gopher_cli import __version__
from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.model.access import READ
from gopher_cli.web import health, metrics, problems
from gopher_cli.web.access import wiring as access
from gopher_cli.web.access.door import needs
from gopher_cli.web.api import events, keys, looking, openapi, stats, submitting
from gopher_cli.web.api import wiring as api
from gopher_cli.web.api.published import Published
from gopher_cli.web.circuit import Guarded
from gopher_cli.web.commit import Commit
from gopher_cli.web.dashboard import wiring as dashboard
from gopher_cli.web.feed import Feed
from gopher_cli.web.framing import OneLength
from gopher_cli.web.gate import InTime
from gopher_cli.web.manners import Manners
from gopher_cli.web.traffic import Counted


def create_app(settings: Settings, *, exposed: bool = False) -> FastAPI:
    """Redis may be away when it starts, and may come and go: the routes say so, each time.

    ``exposed``: other machines reach it, so that everybody is asked for a key.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_gopher(settings) as gopher:
            gopher.store = guarded = Guarded(gopher.store.address, timeout=settings.redis_timeout)
            app.state.gopher = gopher
            app.state.commit = Commit(gopher, settings.redis_timeout, lambda: guarded.away)
            app.state.readiness = health.Readiness(gopher)
            app.state.feed = Feed(gopher, settings.server_event_clients)
            app.state.door.hang(gopher)
            app.state.published = Published(gopher)
            yield
            app.state.feed.close()
            await app.state.door.close()

    # The pages of FastAPI's documentation load scripts from elsewhere: there are none.
    app = FastAPI(
        title="gopher", version=__version__, description="A job queue: submit jobs, see them.",
        lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False,
    )  # fmt: skip
    app.state.settings = settings
    app.state.draining = app.state.ending = False  # it looks for its end, and is at it
    app.include_router(health.router)
    submitting.install(app)  # before the routes that take anything behind /jobs/ for an id
    for router in (looking.router, stats.router, events.router):
        app.include_router(router, dependencies=[Depends(needs(READ))])
    metrics.install(app)
    app.include_router(keys.router)
    problems.install(app)
    dashboard.install(app)
    api.install(app)
    app.add_middleware(InTime, seconds=settings.server_write_timeout)
    app.add_middleware(OneLength)
    access.install(app, settings, exposed=exposed)
    # The last is the outermost: it counts also what the others refuse.
    app.add_middleware(Counted, traffic=app.state.traffic)
    app.add_middleware(Manners)
    access.let_friends_ask(app, settings)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    return app
