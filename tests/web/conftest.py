"""An application on the real server, and a client that talks to it without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute

from gopher_cli.config import Settings
from gopher_cli.web.app import create_app
from gopher_cli.web.auth.jwks import fetch
from web.patient import PATIENCE, REDIS_TIMEOUT

Open = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands still for some seconds is no fault of a server in this process either."""
    for name, seconds in PATIENCE.items():
        monkeypatch.setattr(f"gopher_cli.{name}", seconds)
    monkeypatch.setattr(fetch, "__defaults__", (60.0,))


_routes: list[BaseRoute] = []


def share_routes(app: FastAPI) -> None:
    """All have the same, and FastAPI takes longer to prepare them than most tests take."""
    if not _routes:
        _routes.extend(app.router.routes)
    assert [vars(route).get("original_router") for route in app.router.routes] == [
        vars(route).get("original_router") for route in _routes
    ]
    app.router.routes[:] = _routes


@pytest.fixture
def open_api(redis_url: str, namespace: str, tmp_path: Path, patient: None) -> Open:
    """Opens a client; keyword arguments are environment variables of the server."""

    @asynccontextmanager
    async def opened(**environ: str) -> AsyncIterator[httpx2.AsyncClient]:
        base = {
            "REDIS_URL": redis_url,
            "REDIS_TIMEOUT": REDIS_TIMEOUT,
            "GOPHER_NAMESPACE": namespace,
            "GOPHER_HOME": str(tmp_path),
            "HOME": str(tmp_path),
        }
        app = create_app(Settings.resolve(base | environ, cwd=tmp_path))
        share_routes(app)
        wire = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=wire, base_url="http://localhost") as client,
        ):
            client.app = app  # type: ignore[attr-defined]
            yield client

    return opened


@pytest.fixture
async def api(open_api: Open) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_api() as client:
        yield client
