"""POST /api/v1/jobs and GET /api/v1/jobs/{id}: what is accepted, and in which spellings."""

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
    await api.app.state.services.gopher.cancel("default", ["order-1"])  # type: ignore[attr-defined]

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
    gopher = api.app.state.services.gopher  # type: ignore[attr-defined]

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

    monkeypatch.setattr(api.app.state.services.gopher, "inspect", silent)  # type: ignore[attr-defined]

    await api.post(JOBS, json={"type": "t", "id": "there"})
    answer = await api.post(JOBS, json={"type": "t", "after": ["there"]})

    assert answer.status_code == 201 and answer.json()["status"] == "blocked"


async def test_a_job_that_would_wait_for_one_that_is_not_there_is_refused(api: httpx2.AsyncClient) -> None:
    await api.post(JOBS, json={"type": "t", "id": "elsewhere", "queue": "q2"})
    answers = [await api.post(JOBS, json={"type": "t", "after": [id]}) for id in ("typo", "elsewhere")]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert [answer.json()["detail"] for answer in answers] == [
        "it waits for typo, and queue default has no such job",
        "it waits for elsewhere of queue q2; a job can wait only for jobs of its own queue",
    ]
    assert answers[0].json()["errors"][0]["pointer"] == "#/after/0"


@pytest.mark.parametrize("id", ["01a2", "no%20id", "x" * 300, "%00", "..%2f"])
async def test_an_unknown_job_is_not_found(api: httpx2.AsyncClient, id: str) -> None:
    await api.post(JOBS, json={"type": "t"})

    answer = await api.get(f"{JOBS}/{id}")

    assert answer.status_code == 404
    assert answer.json()["error"]


async def test_created_at_is_now(api: httpx2.AsyncClient) -> None:
    from gopher_cli.model.text.duration import parse_when

    before = time.time()
    said = (await api.post(JOBS, json={"type": "t"})).json()

    assert before - 0.002 <= parse_when(said["created_at"]) <= time.time()


async def test_a_payload_just_below_the_limit_is_stored_whole(api: httpx2.AsyncClient) -> None:
    text = "x" * (1024 * 1024 - 100)

    assert (await submitted(api, type="t", payload=text))["payload"] == text
