"""Submitting one job: who may, strictly what, and waiting for its end."""

from __future__ import annotations

import asyncio
from typing import Any

import builders
import httpx2
import pytest

from web.answering import outlives_an_answer
from web.operated import end, take

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}
ROOT = {"X-API-KEY": "root-of-all-the-keys-in-here"}


def gopher_of(api: httpx2.AsyncClient) -> Any:
    return api.app.state.services.gopher  # type: ignore[attr-defined]


async def completes(api: httpx2.AsyncClient) -> None:
    """Some worker takes the next job and completes it."""
    gopher = gopher_of(api)
    while not (leases := await take(gopher)):
        await asyncio.sleep(0.005)
    await end(gopher, leases, builders.success(b'{"sum":42}'))


@pytest.mark.parametrize("how", ["prefer", "query", "quoted"])
async def test_who_waits_hears_the_end_of_the_job(api: httpx2.AsyncClient, how: str) -> None:
    headers = {"prefer": "respond-async, wait=20", "query": "", "quoted": 'wait="20"; x=1'}[how]
    work = asyncio.create_task(completes(api))

    answer = await api.post(
        f"{JOBS}?wait=20" if how == "query" else JOBS,
        json={"type": "t"},
        headers={"Prefer": headers} if headers else {},
    )
    await work

    assert (answer.status_code, answer.json()["status"], answer.json()["result"]) == (
        200,
        "completed",
        {"sum": 42},
    )
    assert answer.headers["location"] == f"{JOBS}/{answer.json()['job_id']}"
    assert answer.headers.get("preference-applied") == (None if how == "query" else "wait=20")


async def test_who_waits_in_vain_is_answered_as_everybody(api: httpx2.AsyncClient) -> None:
    answer = await api.post(f"{JOBS}?wait=0.05", json={"type": "t"})

    assert (answer.status_code, answer.json()["status"]) == (201, "enqueued")


async def test_a_wait_may_last_longer_than_an_answer_may_take(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = asyncio.create_task(api.post(f"{JOBS}?wait=50", json={"type": "t"}))
    await outlives_an_answer(api, monkeypatch)
    await completes(api)

    assert ((await asking).status_code, (await asking).json()["status"]) == (200, "completed")


@pytest.mark.parametrize("wait", ["x", "-1", "nan", "1e99"])
async def test_a_wait_that_is_no_number_is_refused(api: httpx2.AsyncClient, wait: str) -> None:
    assert (await api.post(f"{JOBS}?wait={wait}", json={"type": "t"})).status_code == 422
    assert (await api.post(JOBS, json={"type": "t"}, headers={"Prefer": f"wait={wait}"})).status_code == 201


async def test_a_key_submits_to_its_queue_and_to_no_other(open_api: Any) -> None:
    async with open_api(API_KEY=ROOT["X-API-KEY"]) as api:
        made = await api.post("/api/v1/keys", json={"name": "mail", "scopes": ["submit:mail"]}, headers=ROOT)
        mine = {"X-API-KEY": made.json()["secret"]}

        async def asked(path: str, queue: str) -> httpx2.Response:
            return await api.post(path, json={"type": "t", "queue": queue}, headers=mine)

        for path in (JOBS, "/api/jobs", "/job"):
            assert (await asked(path, "mail")).status_code == 201
            refused = await asked(path, "other")
            assert refused.status_code == 403 and "other" in refused.json()["error"]
        many = await api.post(
            JOBS, json=[{"type": "t", "queue": "mail"}, {"type": "t", "queue": "other"}], headers=mine
        )

    assert [item["status"] for item in many.json()["items"]] == ["enqueued", "refused"]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b'{"type":"t","payload":NaN}', 400, None),
        (b'{"type":"t","payload":1e400}', 400, None),
        (b'{"type":"t","payload":"\\ud800"}', 400, None),
        (b'\xef\xbb\xbf{"type":"t"}', 400, None),
        (b'{"type":"t","payload":' + b"[" * 65 + b"]" * 65 + b"}", 400, None),
        (b'{"type":"t","type":"u"}', 422, "#/type"),
        (b'{"type":"t","payload":{"a":[{"b":1,"b":2}]}}', 422, "#/payload/a/0/b"),
        (b'{"type":"t","id":"a\\u0000b"}', 422, "#/id"),
        (b'{"type":"t\\u0000"}', 422, "#/type"),
    ],
)
@pytest.mark.parametrize("path", [JOBS, "/job"])
async def test_json_is_read_strictly_at_every_door(
    api: httpx2.AsyncClient, path: str, body: bytes, status: int, pointer: str | None
) -> None:
    answer = await api.post(path, content=body, headers=JSON)

    assert answer.status_code == status, answer.text
    assert pointer is None or answer.json()["errors"][0]["pointer"] == pointer
    assert (await api.get("/api/v1/stats")).json()["total"] == 0


async def test_a_payload_is_stored_as_it_was_written(api: httpx2.AsyncClient) -> None:
    text = b'{"n": 123456789012345678901234567890, "f": 1.10, "s": "\\u0041\\n", "big": 1e300}'
    answer = await api.post(JOBS, content=b'{"type":"t","payload":' + text + b"}", headers=JSON)

    (lease,) = await take(gopher_of(api))
    assert answer.status_code == 201
    assert bytes(lease.spec.payload) == text


async def test_a_key_that_outlives_its_job_is_known_and_says_until_when(api: httpx2.AsyncClient) -> None:
    asked = {"type": "t", "unique_key": "k", "unique_for": "20h"}
    gopher, first = gopher_of(api), (await api.post(JOBS, json=asked)).json()["job_id"]
    (lease,) = await take(gopher)
    await gopher.settle("w.0", [builders.settlement(lease, retention=0.0)])

    for _ in range(2):
        known = await api.post(JOBS, json=asked, headers={"Idempotency-Key": "once"})
        said = known.json()
        assert (known.status_code, said["job_id"], said["status"]) == (200, first, "gone")
        assert said["held_until"] and said["created_at"] is None


async def test_a_key_of_a_job_that_is_being_cancelled_is_a_conflict(api: httpx2.AsyncClient) -> None:
    asked = {"type": "t", "unique_key": "k"}
    gopher, first = gopher_of(api), (await api.post(JOBS, json=asked)).json()["job_id"]
    await take(gopher)
    await api.post(f"{JOBS}/{first}/cancel")

    refused = await api.post(JOBS, json=asked)

    assert (refused.status_code, refused.json()["job_id"]) == (409, first)
    assert "is being cancelled" in refused.json()["detail"] and refused.headers["retry-after"]
