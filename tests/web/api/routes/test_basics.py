"""Keys, health, stats, the OpenAPI document, and errors that are nobody's field."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import httpx2
import pytest
from awake_clock import awake, clock

from gopher_cli.config import Settings
from gopher_cli.embedded import server
from gopher_cli.model.access.api_keys import write_secret
from gopher_cli.model.errors import BadConfig
from gopher_cli.web.auth.bind_policy import permitted

pytestmark = pytest.mark.anyio


async def test_health_tells_that_redis_answers(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/health")

    assert answer.status_code == 200
    assert answer.json()["status"] == "healthy" and answer.json()["redis"] == "connected"


@pytest.mark.row("S2")
async def test_without_redis_health_is_degraded_and_submits_are_asked_to_come_again(
    open_api: Any,
) -> None:
    async with open_api(REDIS_URL="redis://127.0.0.1:1") as api:
        health = await api.get("/health")
        submit = await api.post("/api/v1/jobs", json={"type": "t"})

    assert health.status_code == submit.status_code == 503
    assert health.json()["status"] == "degraded" and health.json()["redis"] == "unreachable"
    assert int(submit.headers["retry-after"]) > 0
    assert submit.headers["content-type"] == "application/problem+json"
    assert "127.0.0.1" not in submit.text


@pytest.mark.row("S2")
async def test_a_redis_that_says_nothing_is_away_within_two_seconds(
    open_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # as patient as it is
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with open_api(REDIS_URL=f"redis://127.0.0.1:{port}") as api:
            began = clock()
            answer = await api.post("/api/v1/jobs", json={"type": "t"})
            took = awake(began)

    assert answer.status_code == 503
    assert took < 2


@pytest.mark.row("S2")
async def test_when_redis_comes_back_the_same_server_goes_on(open_api: Any, tmp_path: Path) -> None:
    async with open_api(REDIS_URL="embedded://default") as api:
        try:
            assert (await api.post("/api/v1/jobs", json={"type": "t"})).status_code == 201
            server.stop(tmp_path)

            assert (await api.post("/api/v1/jobs", json={"type": "t"})).status_code == 503
            assert (await api.get("/health")).status_code == 503

            server.start(tmp_path)
            began = clock()
            while (await api.post("/api/v1/jobs", json={"type": "t"})).status_code != 201:
                assert awake(began) < 30
            assert (await api.get("/api/v1/stats")).json()["total"] == 2
        finally:
            server.stop(tmp_path)


async def test_the_flat_totals_count_what_was_submitted(api: httpx2.AsyncClient) -> None:
    for body in ({"type": "t"}, {"type": "t", "queue": "mail"}, {"type": "t", "delay": 60}):
        await api.post("/api/v1/jobs", json=body)

    stats = (await api.get("/api/v1/stats")).json()
    mail = (await api.get("/api/v1/stats", params={"queue": "mail"})).json()

    flat = {name: stats[name] for name in ("pending", "running", "completed", "failed", "total")}
    assert flat == {"pending": 2, "running": 0, "completed": 0, "failed": 0, "total": 3}
    assert stats["scheduled"] == 1 and len(stats["queues"]) == 2 and stats["server"]["version"]
    assert mail["total"] == 1


async def test_stats_of_an_unknown_queue_are_not_found(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/api/v1/stats", params={"queue": "none"})).status_code == 404


@pytest.mark.parametrize("key", [None, "", "wrong", "s3cret ", "sécret"])
async def test_where_a_key_is_set_nothing_is_done_without_it(open_api: Any, key: str | None) -> None:
    headers = {} if key is None else {"X-API-KEY": key.encode()}
    async with open_api(API_KEY="s3cret") as api:
        for method, path in (("POST", "/api/v1/jobs"), ("GET", "/api/v1/stats")):
            answer = await api.request(method, path, headers=headers, json={"type": "t"})

            assert answer.status_code == 401
            assert answer.headers["www-authenticate"]
        stats = await api.get("/api/v1/stats", headers={"X-API-KEY": "s3cret"})
        assert stats.json()["total"] == 0


async def test_health_needs_no_key(open_api: Any) -> None:
    async with open_api(API_KEY="s3cret") as api:
        assert (await api.get("/health")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("PUT", "/api/v1/jobs", 405), ("GET", "/docs", 404), ("GET", "/redoc", 404)],
)  # fmt: skip
async def test_a_wrong_path_or_method_is_a_problem_too(
    api: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await api.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status and answer.json()["error"]


async def test_an_error_of_our_own_tells_nothing_of_itself(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(api.app.state.services.gopher, "stats", broken)  # type: ignore[attr-defined]

    answer = await api.get("/api/v1/stats")

    assert answer.status_code == 500
    assert "secret" not in answer.text and answer.json()["error"]


async def test_every_example_of_the_openapi_document_is_accepted(api: httpx2.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    body = document["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]

    for example in body["examples"].values():
        assert (await api.post("/api/v1/jobs", json=example["value"])).status_code == 201


async def test_the_openapi_document_describes_all_that_it_refers_to(
    api: httpx2.AsyncClient,
) -> None:
    answer = await api.get("/openapi.json")

    document = answer.json()
    words = answer.text.split('"#/components/schemas/')[1:]
    assert {word.partition('"')[0] for word in words} <= set(document["components"]["schemas"])
    assert set(document["paths"]) >= {
        "/health", "/livez", "/readyz",
        "/api/v1/jobs", "/api/v1/jobs/batch", "/api/v1/jobs/{id}", "/api/v1/stats",
        "/api/jobs", "/job", "/job/{id}", "/job/requeue-dlq",
    }  # fmt: skip
    for path in document["paths"].values():
        for route in path.values():
            assert {"200", "201"} & set(route["responses"])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_needs_no_key(host: str) -> None:
    assert permitted(Settings(server_host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_any_other_address_is_refused_without_a_key(host: str, redis_url: str, namespace: str) -> None:
    with pytest.raises(BadConfig) as refusal:
        permitted(Settings(server_host=host, redis_url=redis_url, namespace=namespace))

    assert "API_KEY" in refusal.value.hint
    assert permitted(Settings(server_host=host, api_key="k"))


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0"])
def test_a_key_that_somebody_was_given_never_becomes_that_of_the_server(host: str) -> None:
    """It would be an admin's: whoever holds a key for reading has it in the same variable."""
    with pytest.raises(BadConfig) as refusal:
        permitted(Settings(server_host=host, api_key=write_secret("0123456789", "a" * 43)))

    assert "API_KEY is a key of gopher keys" in str(refusal.value)
    assert "GOPHER_API_KEY" in refusal.value.hint
