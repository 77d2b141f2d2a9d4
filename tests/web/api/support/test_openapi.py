"""The OpenAPI document says what is served: kinds of answers, of parameters, and what may be left out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import builders
import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.web.api.routes import job
from web.operated import end, take

pytestmark = pytest.mark.anyio


@pytest.fixture
async def paths(api: httpx2.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get("/openapi.json")).json()["paths"]
    return found


def parameter(paths: dict[str, Any], method: str, path: str, name: str) -> dict[str, Any]:
    (found,) = [one for one in paths[path][method]["parameters"] if one["name"] == name]
    return dict(found)


async def test_a_log_is_described_as_the_text_that_it_is(
    api: httpx2.AsyncClient, gopher: Gopher, paths: dict[str, Any]
) -> None:
    id = await gopher.submit("x")
    for path, real in (("/api/v1/jobs/{id}/log", f"/api/v1/jobs/{id}/log"), ("/metrics", "/metrics")):
        kinds = paths[path]["get"]["responses"]["200"]["content"]
        said = (await api.get(real)).headers["content-type"].partition(";")[0]
        assert said in kinds and "application/json" not in kinds
        assert all(kind["schema"] == {"type": "string"} for kind in kinds.values())


async def test_the_queue_of_one_job_is_one_queue(paths: dict[str, Any]) -> None:
    seen = 0
    for path, methods in paths.items():
        for about in methods.values():
            for one in about.get("parameters", ()):
                if one["name"] == "queue" and one["in"] == "query" and ("{id}" in path or "find" in path):
                    assert one["schema"]["type"] == "string" and "again" not in one["description"]
                    seen += 1
    assert seen > 8


async def test_what_a_client_may_send_to_wait_or_to_know_is_described(paths: dict[str, Any]) -> None:
    for method, path in (
        ("post", "/api/v1/jobs"), ("get", "/api/v1/jobs/{id}"), ("get", "/api/v1/jobs/{id}/result"),
    ):  # fmt: skip
        wait = parameter(paths, method, path, "wait")["schema"]
        assert wait == {"type": "number", "minimum": 0, "maximum": 50}
        assert parameter(paths, method, path, "Prefer")["in"] == "header"
    assert parameter(paths, "get", "/api/v1/jobs/{id}", "If-None-Match")["in"] == "header"


def nulls(value: Any, place: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("default", 0) is None:
            yield place
        for name, inner in value.items():
            yield from nulls(inner, f"{place}/{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from nulls(inner, place)


async def test_what_may_be_left_out_has_no_default(api: httpx2.AsyncClient) -> None:
    assert list(nulls((await api.get("/openapi.json")).json())) == []


async def test_a_log_that_is_silent_says_that_it_is_there(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "PING", 0.1)
    monkeypatch.setattr(job, "_FOLLOW_STEP", 0.02)
    id, pieces = await gopher.submit("x"), asyncio.Queue[bytes]()
    (lease,) = await take(gopher)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await pieces.put(message["body"])

    scope = {
        "type": "http", "method": "GET", "path": f"/api/v1/jobs/{id}/log", "query_string": b"follow",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "server": ("localhost", 80),
        "scheme": "http", "root_path": "", "http_version": "1.1", "state": {},
    }  # fmt: skip
    asking = asyncio.create_task(api.app(scope, asyncio.Event().wait, send))  # type: ignore[attr-defined]
    for _ in range(2):
        assert await asyncio.wait_for(pieces.get(), 30) == b"\n"
    await end(gopher, [lease], builders.success())
    await asyncio.wait_for(asking, 30)
