"""Submits that are refused: the wrong field is named, and nothing is stored."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/type"),
        ({"type": ""}, "#/type"),
        ({"type": "two words"}, "#/type"),
        ({"type": 5}, "#/type"),
        ({"type": "t", "queue": "a b"}, "#/queue"),
        ({"type": "t", "priority": "hihg"}, "#/priority"),
        ({"type": "t", "priority": 11}, "#/priority"),
        ({"type": "t", "priority": True}, "#/priority"),
        ({"type": "t", "max_retries": -1}, "#/max_retries"),
        ({"type": "t", "max_attempts": 0}, "#/max_attempts"),
        ({"type": "t", "execute_at": "tomorrow"}, "#/execute_at"),
        ({"type": "t", "delay": "1x"}, "#/delay"),
        ({"type": "t", "delay": -1}, "#/delay"),
        ({"type": "t", "tags": ["a", 1]}, "#/tags/1"),
        ({"type": "t", "timeout": 0}, "#/timeout"),
        ({"type": "t", "prioritty": 5}, "#/prioritty"),
        ({"type": "t", "a/b": 5}, "#/a~1b"),
        ({"type": "t", "headers": {"a": 1}}, "#/headers"),
        ("t", "#"),
    ],
)
async def test_a_field_that_makes_no_sense_is_named_by_a_pointer(
    api: httpx2.AsyncClient, body: Any, pointer: str
) -> None:
    answer = await api.post(JOBS, json=body)

    said = answer.json()
    assert answer.status_code == 422, said
    # A list has no place of its own in the message: its index may be told, or only its name.
    assert pointer.startswith(said["errors"][0]["pointer"])
    assert said["errors"][0]["detail"] == said["detail"] == said["error"]
    assert "Object" not in said["detail"] and "`" not in said["detail"]


@pytest.mark.parametrize(
    "body",
    [{"max_retries": 1, "retries": 2}, {"max_retries": 1, "max_attempts": 1}, {"delay": 1, "execute_at": 5}],
)  # fmt: skip
async def test_spellings_that_contradict_each_other_are_refused(
    api: httpx2.AsyncClient, body: dict[str, int]
) -> None:
    answer = await api.post(JOBS, json={"type": "t", **body})

    assert answer.status_code == 422
    assert "contradict" in answer.json()["error"]


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b'{"type":"t"} x', b'{"type":"\xff"}', b'{"type":"t","payload":' + b"[" * 5000],
)
async def test_what_is_no_json_is_a_bad_request(api: httpx2.AsyncClient, text: bytes) -> None:
    answer = await api.post(JOBS, content=text, headers=JSON)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "text/plain"}, {**JSON, "Content-Encoding": "gzip"}]
)
async def test_another_kind_of_body_is_unsupported(api: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await api.post(JOBS, content=b'{"type":"t"}', headers=headers)

    assert answer.status_code == 415


@pytest.mark.row("N8")
async def test_a_body_of_more_than_one_megabyte_is_refused_while_it_streams(
    api: httpx2.AsyncClient,
) -> None:
    sent = 0

    async def chunks() -> Any:
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b" " * 65536

    answer = await api.post(JOBS, content=chunks(), headers=JSON)

    assert answer.status_code == 413
    assert answer.json()["max_body_size"] == 1024 * 1024


async def test_a_declared_length_above_the_limit_is_refused_unread(api: httpx2.AsyncClient) -> None:
    answer = await api.post(JOBS, content=b" " * (1024 * 1024 + 1), headers=JSON)

    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


@pytest.mark.row("N8")
async def test_a_client_that_sends_too_slowly_is_told(open_api: Any) -> None:
    async def never() -> Any:
        yield b'{"type":'
        await anyio.sleep_forever()

    import anyio

    async with open_api(SERVER_READ_TIMEOUT="50ms") as api:
        answer = await api.post(JOBS, content=never(), headers=JSON)

    assert answer.status_code == 408


async def test_a_payload_that_no_worker_can_read_is_refused(api: httpx2.AsyncClient) -> None:
    schema = b'{"type":"object","required":["to"],"properties":{"to":{"type":"string"}}}'
    await api.app.state.services.gopher.publish_types({"mail": schema})  # type: ignore[attr-defined]

    missing = await api.post(JOBS, json={"type": "mail", "payload": {}})
    fits = await api.post(JOBS, json={"type": "mail", "payload": {"to": "ann"}})
    unknown = await api.post(JOBS, json={"type": "nobody-knows-me", "payload": {}})

    assert missing.status_code == 422
    assert missing.json()["errors"] == [{"pointer": "#/payload/to", "detail": "to is missing"}]
    assert "to is missing" in missing.json()["error"]
    assert fits.status_code == unknown.status_code == 201
