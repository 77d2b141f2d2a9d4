"""Idempotency-Key: a request that comes again is answered as before, and done once."""

from __future__ import annotations

import asyncio
from typing import Any

import builders
import httpx2
import pytest
from redis import Redis

from gopher_cli.model.errors import Unavailable
from gopher_cli.store.keyspace import known_key
from gopher_cli.web.server.problems import Problem
from gopher_cli.web.services.idempotency import key_of
from web.operated import take

pytestmark = pytest.mark.anyio

JOBS, BATCH = "/api/v1/jobs", "/api/v1/jobs/batch"
KEY = {"Idempotency-Key": '"order-17"'}
JOB = {"type": "t", "payload": {"n": 1}}


def gopher_of(api: httpx2.AsyncClient) -> Any:
    return api.app.state.services.gopher  # type: ignore[attr-defined]


async def total(api: httpx2.AsyncClient) -> int:
    return int((await api.get("/api/v1/stats")).json()["total"])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (JOBS, JOB, 201),
        (JOBS, [JOB, JOB, {"type": "two words"}], 200),
        (BATCH, {"jobs": [JOB, JOB]}, 200),
        (f"{BATCH}?atomic=true", [JOB, JOB], 200),
        ("/api/jobs", JOB, 201),
        ("/job", {"type": "t", "payload": "user@example.com"}, 201),
    ],
)
async def test_the_same_request_again_is_answered_as_before_and_done_once(
    api: httpx2.AsyncClient, path: str, body: Any, status: int
) -> None:
    first = await api.post(path, json=body, headers=KEY)
    stored = await total(api)
    again = await api.post(path, json=body, headers=KEY)

    assert (first.status_code, again.status_code) == (status, status)
    assert first.content == again.content
    assert first.headers.get("location") == again.headers.get("location")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await total(api) == stored > 0


async def test_twenty_at_once_are_one_job(api: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*[api.post(JOBS, json=JOB, headers=KEY) for _ in range(20)])

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await total(api) == 1


async def test_another_request_under_the_same_key_is_refused(api: httpx2.AsyncClient) -> None:
    await api.post(JOBS, json=JOB, headers=KEY)

    for path, body in ((JOBS, JOB | {"priority": 7}), ("/api/jobs", JOB), (BATCH, [JOB])):
        assert (await api.post(path, json=body, headers=KEY)).status_code == 422
    assert await total(api) == 1


async def test_how_long_a_client_waits_makes_no_other_request(api: httpx2.AsyncClient) -> None:
    first = await api.post(f"{JOBS}?wait=0.01", json=JOB, headers=KEY)
    tries = [
        await api.post(f"{JOBS}{query}", json=JOB, headers=KEY) for query in ("", "?wait=0", "?wait=0.02")
    ]

    assert [one.status_code for one in (first, *tries)] == [201] * 4
    assert {one.json()["job_id"] for one in tries} == {first.json()["job_id"]}


async def test_a_job_that_is_long_gone_is_answered_and_does_not_come_back(api: httpx2.AsyncClient) -> None:
    first = await api.post(JOBS, json=JOB, headers=KEY)
    await gopher_of(api).delete("default", [first.json()["job_id"]])

    again = await api.post(JOBS, json=JOB, headers=KEY)

    assert again.content == first.content and again.status_code == 201
    assert await total(api) == 0


@pytest.mark.row("S1")
@pytest.mark.parametrize("body", [JOB, [JOB, JOB, JOB]])
@pytest.mark.parametrize("stored", [True, False])
async def test_who_died_between_record_and_answer_has_left_enough_for_the_next_try(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, body: Any, stored: bool
) -> None:
    gopher = gopher_of(api)

    async def unheard(jobs: Any, **more: Any) -> Any:
        if stored:
            await type(gopher).submit_many(gopher, jobs, **more)
        raise Unavailable("Redis does not answer in time")

    with monkeypatch.context() as patch:
        patch.setattr(gopher, "submit_many", unheard)
        lost = await api.post(JOBS, json=body, headers=KEY)
    after = await total(api)
    tries = [await api.post(JOBS, json=body, headers=KEY) for _ in range(2)]

    count = len(body) if isinstance(body, list) else 1
    assert lost.status_code == 503 and after == (count if stored else 0)
    assert [one.status_code for one in tries] == [200 if isinstance(body, list) else 201] * 2
    assert tries[0].content == tries[1].content
    assert [one.headers["idempotency-replayed"] for one in tries] == ["true", "true"]
    assert await total(api) == count
    if isinstance(body, list):
        assert tries[0].json()["accepted"] == 3 and tries[0].json()["known"] == 0


async def test_the_key_of_one_caller_is_nothing_to_another(open_api: Any) -> None:
    async with open_api(API_KEY="root-of-all-the-keys-in-here") as api:
        root = {"X-API-KEY": "root-of-all-the-keys-in-here"}
        made = [
            (await api.post("/api/v1/keys", json={"name": name, "role": "operator"}, headers=root)).json()
            for name in ("ann", "bob")
        ]
        answers = [await api.post(JOBS, json=JOB, headers=KEY | {"X-API-KEY": one["secret"]}) for one in made]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["job_id"] != answers[1].json()["job_id"]
    assert "idempotency-replayed" not in answers[1].headers


async def test_a_request_that_was_refused_may_be_sent_better_under_its_key(api: httpx2.AsyncClient) -> None:
    assert (await api.post(JOBS, json={"type": "two words"}, headers=KEY)).status_code == 422
    assert (await api.post(JOBS, json=JOB, headers=KEY)).status_code == 201


async def test_an_id_of_the_clients_own_stays_its_own(api: httpx2.AsyncClient) -> None:
    first = await api.post(JOBS, json=JOB | {"id": "mine"}, headers=KEY)
    again = await api.post(JOBS, json=JOB | {"id": "mine"}, headers=KEY)

    assert first.json()["job_id"] == "mine" and first.content == again.content


@pytest.mark.row("S1")
@pytest.mark.parametrize("body", [JOB, [JOB, JOB], JOB | {"id": "mine"}])
async def test_a_request_is_done_once_though_its_jobs_are_gone_and_its_answer_was_not_noted(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    """The server dies when the jobs are stored; they run and are forgotten before the next try."""
    gopher = gopher_of(api)

    async def unheard(jobs: Any, **more: Any) -> Any:
        await type(gopher).submit_many(gopher, jobs, **more)
        raise Unavailable("Redis does not answer in time")

    with monkeypatch.context() as patch:
        patch.setattr(gopher, "submit_many", unheard)
        await api.post(JOBS, json=body, headers=KEY)
    leases = await take(gopher, 5)
    await gopher.settle("w.0", [builders.settlement(lease, retention=0.0) for lease in leases])
    stored = (await gopher.stats()).total
    again = await api.post(JOBS, json=body, headers=KEY)

    assert again.status_code in (200, 201) and await take(gopher, 5) == []
    assert (await gopher.stats()).total == stored


async def test_a_record_of_an_accepted_job_is_small(
    api: httpx2.AsyncClient, redis: Redis, namespace: str
) -> None:
    await api.post(JOBS, json=JOB, headers=KEY)

    (key,) = redis.keys(f"{namespace}:{{~}}:reply:*")
    assert redis.strlen(key) < 100


async def test_how_long_a_key_is_known_is_a_setting(open_api: Any, redis: Redis, namespace: str) -> None:
    async with open_api(SERVER_IDEMPOTENCY_TTL="1h") as api:
        made = await api.post(JOBS, json=JOB, headers=KEY)
        await gopher_of(api).delete("default", [made.json()["job_id"]])

    (key,) = redis.keys(f"{namespace}:{{~}}:reply:*")
    assert 3_590_000 < redis.pttl(key) <= 3_600_000
    (known,) = redis.zrange(f"{namespace}:{{default}}:asked", 0, -1, withscores=True)
    seconds, _ = redis.time()
    assert 3_500 < known[1] / 1000 - seconds <= 3_601


async def test_a_record_is_kept_for_a_day(api: httpx2.AsyncClient, redis: Redis, namespace: str) -> None:
    await api.post(JOBS, json=JOB, headers=KEY)

    (key,) = redis.keys(f"{namespace}:{{~}}:reply:*")
    assert 86_390_000 < redis.pttl(key) <= 86_400_000
    known = known_key(namespace, key.decode())
    assert known and known.type.encode() == redis.type(key) and not known_key(namespace, key.decode() + "x")


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (["abc"], "abc"),
        (['"abc"'], "abc"),
        ([r'"a\"b\\c"'], 'a"b\\c'),
        (["x" * 255], "x" * 255),
        ([], ""),
        (["8e03978e-40d5-43dd-bc93-6894a57f9324"], "8e03978e-40d5-43dd-bc93-6894a57f9324"),
    ],
)
def test_a_key_is_bare_or_quoted(given: list[str], key: str) -> None:
    assert key_of(asked(given)) == key


@pytest.mark.parametrize(
    "given", [[""], ['""'], ["a b"], ['"a b"'], ["é"], ["x" * 256], ["a", "a"], ["\x7f"]]
)
def test_what_is_no_key_is_refused(given: list[str]) -> None:
    with pytest.raises(Problem) as refused:
        key_of(asked(given))

    assert refused.value.status == 400


def asked(keys: list[str]) -> Any:
    from starlette.requests import Request

    headers = [(b"idempotency-key", key.encode("latin-1")) for key in keys]
    return Request({"type": "http", "headers": headers})
