"""An application on the real server, and a client that talks to it without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from gopher_cli.config import Settings
from gopher_cli.web.app import create_app

Open = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]
PATIENCE = ("problems.PATIENCE", "commit.PATIENCE", "api.batch.PATIENCE", "access.ring._PATIENCE")


@pytest.fixture
def open_api(redis_url: str, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a client; keyword arguments are environment variables of the server.

    It waits for Redis for longer than a second: a machine that stands still for one is no fault of Redis.
    """
    for name in PATIENCE:
        monkeypatch.setattr(f"gopher_cli.web.{name}", 8.0)

    @asynccontextmanager
    async def opened(**environ: str) -> AsyncIterator[httpx2.AsyncClient]:
        base = {
            "REDIS_URL": redis_url,
            "GOPHER_NAMESPACE": namespace,
            "GOPHER_HOME": str(tmp_path),
            "HOME": str(tmp_path),
        }
        app = create_app(Settings.resolve(base | environ, cwd=tmp_path))
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
