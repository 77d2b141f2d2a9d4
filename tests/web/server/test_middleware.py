"""By which names the server is called, and how long an answer may take."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import anyio
import httpx2
import pytest

from web.answering import hurry

pytestmark = pytest.mark.anyio

STATS = "/api/v1/stats"


def held(api: Any, monkeypatch: pytest.MonkeyPatch, verb: str) -> asyncio.Event:
    """This verb does not end any more; the event tells that somebody has begun it."""
    begun = asyncio.Event()

    async def never(*_: Any, **__: Any) -> None:
        begun.set()
        await anyio.sleep_forever()

    monkeypatch.setattr(api.app.state.services.gopher, verb, never)
    return begun


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8080", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:8080"]
)  # fmt: skip
async def test_this_machine_is_called_by_its_own_names(api: httpx2.AsyncClient, host: str) -> None:
    assert (await api.get(STATS, headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1",
        "[2001:db8::1]", "localhost:8080@evil.example", "::1", "", "0.0.0.0",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [STATS, "/health", "/openapi.json", "/nowhere"])
async def test_a_page_that_calls_us_by_its_own_name_is_sent_away(
    api: httpx2.AsyncClient, host: str, path: str
) -> None:
    answer = await api.get(path, headers={"Host": host})

    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert "API_KEY" in answer.json()["hint"] and answer.json()["instance"] == path


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/health", "/livez/"])
async def test_a_probe_that_says_no_host_is_answered(open_api: Any, path: str) -> None:
    """As HAProxy sends it (`option httpchk`): HTTP/1.0, which no browser speaks."""
    async with open_api(SERVER_ROOT_PATH="/gopher") as api:
        assert await status_without_host(api, path) == 200
        assert await status_without_host(api, f"/gopher{path}") == 200


@pytest.mark.parametrize("path", [STATS, "/", "/metrics", "/livez/x"])
async def test_without_a_host_there_is_nothing_else(api: httpx2.AsyncClient, path: str) -> None:
    assert await status_without_host(api, path) == 421


async def test_a_request_of_http_1_1_without_a_host_is_told_no_more_than_that_we_live(
    api: httpx2.AsyncClient,
) -> None:
    told = {path: await status_without_host(api, path, "1.1") for path in ("/livez", "/readyz", "/health")}
    assert told == {"/livez": 200, "/readyz": 421, "/health": 421}


async def test_a_browser_is_told_of_a_wrong_name_as_a_page(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/", headers={"Host": "evil.example", "Accept": "text/html"})

    assert answer.status_code == 421 and "<h1>Wrong host name</h1>" in answer.text
    sheet = re.search(r'href="(/static/[^"]*)"', answer.text)
    assert sheet and (await api.get(sheet[1], headers={"Host": "evil.example"})).status_code == 200


async def status_without_host(api: Any, path: str, version: str = "1.0") -> int:
    """No client of Python leaves the header out: this one calls the application itself."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": version, "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "root_path": "", "server": ("localhost", 80), "client": ("127.0.0.1", 1), "state": {},
    }  # fmt: skip
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    await api.app(scope, receive, send)
    return int(said[0]["status"])


async def test_a_second_host_does_not_hide_behind_the_first(api: httpx2.AsyncClient) -> None:
    answer = await api.get(STATS, headers=[("Host", "localhost"), ("Host", "evil.example")])

    assert answer.status_code == 421


async def test_the_name_to_listen_on_is_one_of_ours(open_api: Any) -> None:
    async with open_api(SERVER_HOST="Queue.internal") as api:
        assert (await api.get(STATS, headers={"Host": "queue.internal:8080"})).status_code == 200
        assert (await api.get(STATS, headers={"Host": "other.internal"})).status_code == 421


async def test_with_a_key_any_name_will_do(open_api: Any) -> None:
    async with open_api(API_KEY="k") as api:
        answer = await api.get(STATS, headers={"Host": "queue.example", "X-API-KEY": "k"})

    assert answer.status_code == 200


async def test_an_answer_that_takes_too_long_is_ended(open_api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_api(SERVER_WRITE_TIMEOUT="50ms") as api:
        held(api, monkeypatch, "stats")
        answer = await api.get(STATS)

    assert answer.status_code == 504
    assert "50" in answer.json()["error"] or "0.05" in answer.json()["error"]


async def test_a_submit_that_takes_too_long_names_its_id(
    open_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_api() as api:

        async def never(*_: Any, **__: Any) -> None:
            hurry(api, 0.05)
            await anyio.sleep_forever()

        monkeypatch.setattr(api.app.state.services.gopher, "submit_many", never)
        answer = await api.post("/api/v1/jobs", json={"type": "t", "id": "order-1"})

    assert answer.status_code == 504
    assert answer.json()["job_id"] == "order-1" and "order-1" in answer.json()["hint"]


async def test_the_time_of_the_answer_begins_when_the_body_is_there(open_api: Any) -> None:
    async with open_api(SERVER_READ_TIMEOUT="100ms") as api:

        async def never() -> Any:
            hurry(api, 0.05)
            yield b'{"type":'
            await anyio.sleep_forever()

        answer = await api.post("/api/v1/jobs", content=never(), headers={"Content-Type": "application/json"})

    assert answer.status_code == 408


async def test_what_is_open_when_the_patience_of_an_ending_server_is_over_hears_503_and_the_id(
    open_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_api() as api:
        begun = held(api, monkeypatch, "submit_many")
        submit = asyncio.create_task(api.post("/api/v1/jobs", json={"type": "t", "id": "order-1"}))
        await begun.wait()
        api.app.lifecycle.ending = True
        submit.cancel()  # as uvicorn does at the end of its grace
        answer = await submit

    assert (answer.status_code, answer.json()["job_id"]) == (503, "order-1")
    assert answer.headers["retry-after"] and "order-1" in answer.json()["hint"]


async def test_whoever_is_cancelled_otherwise_is_not_answered(
    open_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_api() as api:
        begun = held(api, monkeypatch, "stats")
        looks = asyncio.create_task(api.get(STATS))
        await begun.wait()
        looks.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looks
