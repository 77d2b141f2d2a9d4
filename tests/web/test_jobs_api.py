"""POST /api/v1/jobs and GET /api/v1/jobs/{id}: what is accepted, in which spellings, and what is not."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest

from gopher_cli.model.errors import Unavailable

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}


async def submitted(api: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    """Submit, and answer what the API then says of the job."""
    answer = await api.post(JOBS, json=body)
    assert answer.status_code == 201, answer.text
    return dict((await api.get(answer.headers["location"])).json())


async def test_a_job_is_created_at_the_address_that_location_names(api: httpx2.AsyncClient) -> None:
    body = {"type": "email", "payload": {"to": "user@example.com", "n": 1.5}, "priority": "high"}

    answer = await api.post(JOBS, json=body)

    said = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{JOBS}/{said['job_id']}"
    assert said["status"] == "enqueued" and said["type"] == "email" and said["queue"] == "default"
    job = (await api.get(answer.headers["location"])).json()
    assert job["job_id"] == said["job_id"] and job["status"] == "enqueued"
    assert job["payload"] == body["payload"] and job["priority"] == 8 and job["attempts"] == 0
    assert job["enqueued_at"].endswith("Z") and job["started_at"] is None


@pytest.mark.parametrize(
    ("priority", "number"), [("high", 8), ("normal", 5), ("low", 2), ("7", 7), (0, 0), (10, 10)]
)
async def test_a_priority_is_a_word_or_a_number(
    api: httpx2.AsyncClient, priority: int | str, number: int
) -> None:
    assert (await submitted(api, type="t", priority=priority))["priority"] == number


@pytest.mark.parametrize(
    "spelling", [{"max_retries": 4}, {"retries": 4}, {"max_attempts": 5}, {"retries": 4, "max_attempts": 5}]
)  # fmt: skip
async def test_three_spellings_of_retries_mean_one_thing(
    api: httpx2.AsyncClient, spelling: dict[str, int]
) -> None:
    assert (await submitted(api, type="t", **spelling))["max_retries"] == 4


@pytest.mark.parametrize(
    ("later", "state"),
    [
        ({"execute_at": "2099-10-01T10:00:00Z"}, "scheduled"),
        ({"execute_at": 4102444800}, "scheduled"),
        ({"delay": 3600}, "scheduled"),
        ({"delay": "1h30m"}, "scheduled"),
        ({"execute_at": "2001-10-01T10:00:00Z"}, "enqueued"),
        ({"execute_at": "0001-01-01"}, "enqueued"),
    ],
)
async def test_a_time_to_come_schedules_and_a_time_gone_by_enqueues(
    api: httpx2.AsyncClient, later: dict[str, Any], state: str
) -> None:
    answer = await api.post(JOBS, json={"type": "t", **later})

    assert answer.json()["status"] == state
    assert (await api.get(answer.headers["location"])).json()["status"] == state


async def test_a_job_that_waits_for_another_is_blocked(api: httpx2.AsyncClient) -> None:
    first = (await api.post(JOBS, json={"type": "t"})).json()["job_id"]

    second = await api.post(JOBS, json={"type": "t", "after": [first]})

    assert second.json()["status"] == "blocked"


async def test_the_same_id_again_submits_nothing_twice(api: httpx2.AsyncClient) -> None:
    first = await api.post(JOBS, json={"type": "t", "id": "order-1"})
    again = await api.post(JOBS, json={"type": "t", "id": "order-1"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == again.headers["location"] == f"{JOBS}/order-1"
    assert (await api.get("/api/v1/stats")).json()["total"] == 1


async def test_a_known_id_answers_the_job_as_it_is_now(api: httpx2.AsyncClient) -> None:
    await api.post(JOBS, json={"type": "t", "id": "order-1", "tags": ["first"]})
    await api.app.state.gopher.cancel("default", ["order-1"])  # type: ignore[attr-defined]

    again = await api.post(JOBS, json={"type": "t", "id": "order-1", "tags": ["second"]})

    assert again.status_code == 200
    now = (await api.get(f"{JOBS}/order-1")).json()
    assert again.json() | {"at": ""} == now | {"at": ""}  # each answer says when it was given
    assert (again.json()["status"], again.json()["tags"]) == ("cancelled", ["first"])


async def test_a_taken_unique_key_answers_the_job_that_holds_it(api: httpx2.AsyncClient) -> None:
    holder = (await api.post(JOBS, json={"type": "t", "unique_key": "k"})).json()["job_id"]

    answer = await api.post(JOBS, json={"type": "t", "unique_key": "k"})

    assert answer.status_code == 200
    assert answer.json()["job_id"] == holder and answer.json()["status"] == "enqueued"
    assert answer.headers["location"] == f"{JOBS}/{holder}"


@pytest.mark.parametrize("own", [{}, {"id": "order-1"}])
@pytest.mark.row("S1")
async def test_a_submit_of_unknown_end_can_be_repeated_under_its_id_and_is_stored_once(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, own: dict[str, str]
) -> None:
    gopher = api.app.state.gopher  # type: ignore[attr-defined]

    async def stored_and_not_heard(jobs: Any, **more: Any) -> Any:
        await type(gopher).submit_many(gopher, jobs, **more)
        raise Unavailable("Redis does not answer in time")

    body = {"type": "t", **own}
    with monkeypatch.context() as patch:
        patch.setattr(gopher, "submit_many", stored_and_not_heard)
        lost = await api.post(JOBS, json=body)
    id = lost.json()["job_id"]
    again = await api.post(JOBS, json={**body, "id": id})

    assert lost.status_code == 503 and f'"id": "{id}"' in lost.json()["hint"]
    assert id == own.get("id", id)
    assert again.status_code == 200 and again.json()["job_id"] == id
    assert (await api.get("/api/v1/stats")).json()["total"] == 1


async def test_a_submit_that_never_reached_redis_names_its_id_too(open_api: Any) -> None:
    async with open_api(REDIS_URL="redis://127.0.0.1:1", AUTH="open") as api:
        answer = await api.post(JOBS, json={"type": "t"})

    assert answer.status_code == 503 and answer.json()["job_id"] in answer.json()["hint"]


async def test_a_stored_job_is_accepted_even_if_its_state_cannot_be_read(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: Any) -> None:
        raise Unavailable("Redis does not answer in time")

    monkeypatch.setattr(api.app.state.gopher, "inspect", silent)  # type: ignore[attr-defined]

    answer = await api.post(JOBS, json={"type": "t", "after": ["gone"]})

    assert answer.status_code == 201 and answer.json()["status"] == "enqueued"


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
        ({"type": "t", "timeout": 0}, "#"),
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


async def test_a_payload_just_below_the_limit_is_stored_whole(api: httpx2.AsyncClient) -> None:
    text = "x" * (1024 * 1024 - 100)

    assert (await submitted(api, type="t", payload=text))["payload"] == text


async def test_recurring_jobs_are_not_implemented_and_say_so(api: httpx2.AsyncClient) -> None:
    body = {"type": "cleanup", "payload": {}, "recurring": {"cron_expression": "0 0 * * *"}}

    answer = await api.post(JOBS, json=body)

    assert answer.status_code == 501
    assert (await api.get("/api/v1/stats")).json()["total"] == 0


@pytest.mark.parametrize("id", ["01a2", "no%20id", "x" * 300, "%00", "..%2f"])
async def test_an_unknown_job_is_not_found(api: httpx2.AsyncClient, id: str) -> None:
    await api.post(JOBS, json={"type": "t"})

    answer = await api.get(f"{JOBS}/{id}")

    assert answer.status_code == 404
    assert answer.json()["error"]


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
    await api.app.state.gopher.publish_types({"mail": schema})  # type: ignore[attr-defined]

    missing = await api.post(JOBS, json={"type": "mail", "payload": {}})
    fits = await api.post(JOBS, json={"type": "mail", "payload": {"to": "ann"}})
    unknown = await api.post(JOBS, json={"type": "nobody-knows-me", "payload": {}})

    assert missing.status_code == 422
    assert missing.json()["errors"] == [{"pointer": "#/payload/to", "detail": "to is missing"}]
    assert "to is missing" in missing.json()["error"]
    assert fits.status_code == unknown.status_code == 201


async def test_created_at_is_now(api: httpx2.AsyncClient) -> None:
    from gopher_cli.model.duration import parse_when

    before = time.time()
    said = (await api.post(JOBS, json={"type": "t"})).json()

    assert before - 0.002 <= parse_when(said["created_at"]) <= time.time()
