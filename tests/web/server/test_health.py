"""/livez, /readyz and /health: what each of them promises to whom it is asked by."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from gopher_cli.model.errors import Denied, Outdated, Unavailable
from gopher_cli.web.services import readiness
from web.keyring import Clock

pytestmark = pytest.mark.anyio


async def test_a_server_with_redis_lives_and_is_ready(api: httpx2.AsyncClient) -> None:
    for path, word in (
        ("/livez", "alive"),
        ("/readyz", "ready"),
        ("/healthz", "ready"),
        ("/health", "healthy"),
    ):
        answer = await api.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, word)
        assert answer.headers["cache-control"] == "no-store"


async def test_without_redis_it_lives_and_is_not_ready(open_api: Any) -> None:
    async with open_api(REDIS_URL="redis://127.0.0.1:1") as api:
        lives, ready = await api.get("/livez"), await api.get("/readyz?verbose")

    assert lives.status_code == 200
    assert ready.status_code == 503 and ready.headers["retry-after"]
    assert ready.json()["reasons"] == ["redis: unreachable"]
    assert ready.json()["checks"] == {"redis": "unreachable", "draining": "no"}


@pytest.mark.parametrize(
    ("error", "word"),
    [(Denied("no"), "denied"), (Outdated("old"), "outdated"), (Unavailable("gone"), "unreachable")],
)
async def test_why_it_is_not_ready_is_told(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, error: Exception, word: str
) -> None:
    async def fails() -> list[str]:
        raise error

    monkeypatch.setattr(api.app.state.services.gopher, "queues", fails)  # type: ignore[attr-defined]

    answer = await api.get("/readyz")

    assert (answer.status_code, answer.json()["reasons"]) == (503, [f"redis: {word}"])


async def test_a_server_that_is_leaving_is_not_ready_and_still_works(api: httpx2.AsyncClient) -> None:
    api.app.lifecycle.draining = True  # type: ignore[attr-defined]

    answer = await api.get("/readyz")

    assert (answer.status_code, answer.json()["reasons"]) == (503, ["draining"])
    assert (await api.post("/api/v1/jobs", json={"type": "t"})).status_code == 201


async def test_redis_is_asked_once_for_many_who_ask(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def queues() -> list[str]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return []

    monkeypatch.setattr(api.app.state.services.gopher, "queues", queues)  # type: ignore[attr-defined]
    monkeypatch.setattr(readiness, "time", Clock().module())  # all of them come within its second

    answers = await asyncio.gather(*[api.get("/readyz") for _ in range(30)])

    assert {answer.status_code for answer in answers} == {200} and asked == 1


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/health"])
async def test_health_needs_no_key(open_api: Any, path: str) -> None:
    async with open_api(API_KEY="k") as api:
        assert (await api.get(path)).status_code == 200
        assert (await api.head(path)).status_code == 200
