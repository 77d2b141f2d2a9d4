"""What stands behind the question mark, and which way out an answer names."""

from __future__ import annotations

import httpx2
import pytest

pytestmark = pytest.mark.anyio
JOB = {"type": "t"}


async def ask(api: httpx2.AsyncClient, method: str, path: str) -> httpx2.Response:
    """With the body that its route takes."""
    return await api.request(method, path, json=[JOB] if "batch" in path else JOB)


@pytest.mark.parametrize(
    ("method", "path", "guess"),
    [
        ("GET", "/api/v1/events?queues=a", "queue"),
        ("GET", "/api/v1/audit?limt=5", "limit"),
        ("GET", "/api/v1/keys?name=x", ""),
        ("POST", "/api/v1/keys?name=x", ""),
        ("DELETE", "/api/v1/keys/x?force=1", ""),
        ("POST", "/api/v1/jobs?wiat=5", "wait"),
        ("POST", "/api/v1/jobs/batch?atomik=true", "atomic"),
        ("POST", "/api/v1/jobs/batch?wait=1", ""),
    ],
)
async def test_a_parameter_that_a_route_does_not_have_is_refused_with_a_guess(
    api: httpx2.AsyncClient, method: str, path: str, guess: str
) -> None:
    answer = await ask(api, method, path)

    said = answer.json()
    assert answer.status_code == 422 and said["parameter"] in path
    assert (said["hint"] == f"did you mean {guess}?") if guess else "did you mean" not in said["hint"]
    assert (await api.get("/api/v1/stats")).json()["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v1/jobs?order=", "order"),
        ("GET", "/api/v1/jobs?limit=", "limit"),
        ("GET", "/api/v1/dlq?order=", "order"),
        ("GET", "/api/v1/history?minutes=", "minutes"),
        ("GET", "/api/v1/audit?limit=501", "limit"),
        ("GET", "/api/v1/audit?limit=1&limit=2", "limit"),
        ("GET", "/api/v1/events?last_event_id=", "last_event_id"),
        ("POST", "/api/v1/jobs/some-job/retry?source=", "source"),
        ("POST", "/api/v1/jobs?atomic=perhaps", "atomic"),
        ("POST", "/api/v1/jobs/batch?atomic=perhaps", "atomic"),
    ],
)
async def test_a_choice_that_was_left_empty_or_is_no_choice_is_refused(
    api: httpx2.AsyncClient, method: str, path: str, name: str
) -> None:
    answer = await ask(api, method, path)

    assert (answer.status_code, answer.json()["parameter"]) == (422, name)
    assert (await api.get("/api/v1/stats")).json()["total"] == 0


@pytest.mark.parametrize("body", [JOB, [JOB]])
@pytest.mark.parametrize("wait", ["51", "60", "90", "1e9", "-1", "nan", "soon"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_wait_that_no_answer_is_held_for_is_refused(
    api: httpx2.AsyncClient, method: str, wait: str, body: object
) -> None:
    path = "/api/v1/jobs" if method == "POST" else "/api/v1/jobs/some-job"
    answer = await api.request(method, f"{path}?wait={wait}", json=body)

    assert answer.status_code == 422 and "50 at most" in answer.json()["detail"]
    assert (await api.get("/api/v1/stats")).json()["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        ("GET", "/api/v1/jobs/none-such", "GET /api/v1/jobs"),
        ("POST", "/api/v1/jobs/none-such/cancel", "GET /api/v1/jobs"),
        ("DELETE", "/api/v1/jobs/none-such", "GET /api/v1/jobs"),
        ("GET", "/api/v1/queues/none-such", "GET /api/v1/queues"),
        ("POST", "/api/v1/queues/none-such/pause", "GET /api/v1/queues"),
        ("DELETE", "/api/v1/keys/none-such", "GET /api/v1/keys"),
    ],
)
async def test_no_hint_sends_a_program_to_the_shell(
    api: httpx2.AsyncClient, method: str, path: str, hint: str
) -> None:
    answer = await api.request(method, path)

    said = answer.json()
    assert answer.status_code == 404
    assert hint in said["hint"] and "gopher " not in said["hint"]


async def test_another_kind_of_body_hears_of_every_kind_that_would_do(api: httpx2.AsyncClient) -> None:
    for path, kinds in (("/api/v1/jobs", 1), ("/api/v1/jobs/batch", 2)):
        said = (await api.post(path, content=b"a", headers={"Content-Type": "text/csv"})).json()
        assert (said["detail"].count("application/"), said["status"]) == (kinds, 415)


async def test_a_field_that_nobody_knows_comes_back_with_a_guess(api: httpx2.AsyncClient) -> None:
    answer = await api.post("/api/v1/jobs", json={"type": "t", "prio": 5})

    said = answer.json()
    assert (said["detail"], said["hint"]) == ("there is no field 'prio'", "did you mean priority?")
