"""The field `durability` of a submit: 422 for nonsense, 503 with the id of the job when it is not reached."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from servers import Server, lonely_server

from web.conftest import Open
from web.patient import REDIS_TIMEOUT

pytestmark = pytest.mark.anyio
JOB = {"type": "math", "payload": {"op": "add", "a": 1, "b": 1}}


@pytest.fixture(scope="module")
def lonely() -> Iterator[Server]:
    with lonely_server() as one:
        yield one


async def submit(api: httpx2.AsyncClient, **more: object) -> httpx2.Response:
    return await api.post("/api/v1/jobs", json=JOB | more)


async def told(api: httpx2.AsyncClient, **more: object) -> httpx2.Response:
    """What is answered by a Redis that did not happen to stand still for all of a short patience."""
    while (answer := await submit(api, **more)).json().get("code") == "redis_away":
        pass
    return answer


@pytest.mark.parametrize("level", ["disk", "replica:0", "replica:10", "", 7, True])
async def test_what_is_no_level_is_the_clients_mistake(api: httpx2.AsyncClient, level: object) -> None:
    answer = await submit(api, durability=level)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/durability"


@pytest.mark.parametrize("level", ["memory", None])
async def test_memory_is_what_everybody_gets(api: httpx2.AsyncClient, level: object) -> None:
    assert (await submit(api, durability=level)).status_code == 201


@pytest.mark.parametrize(
    ("level", "why"),
    [
        ("replica:1", "replica:1 cannot be given: 0 of 1 replicas are attached"),
        ("fsync", "fsync cannot be given: this server"),
    ],
)
async def test_what_this_server_cannot_give_is_said_of_the_field_and_nothing_is_stored(
    api: httpx2.AsyncClient, level: str, why: str
) -> None:
    answer = await submit(api, durability=level, id="one")
    many = await api.post("/api/v1/jobs", json=[JOB | {"durability": level}, JOB])
    together = await api.post("/api/v1/jobs/batch?atomic=1", json=[JOB | {"durability": level}])

    assert answer.status_code == together.status_code == 422
    assert answer.json()["detail"].startswith(why)
    assert answer.json()["errors"][0]["pointer"] == together.json()["errors"][0]["pointer"] == "#/durability"
    assert (many.json()["accepted"], many.json()["refused"]) == (1, 1)
    assert many.json()["items"][0]["pointer"] == "/durability"
    assert (await api.get("/api/v1/jobs/one")).status_code == 404


async def test_what_the_server_was_set_to_and_cannot_give_is_our_mistake(open_api: Open) -> None:
    async with open_api(GOPHER_DURABILITY="replica:1") as api:
        answer = await submit(api, id="one")
        assert (await api.get("/api/v1/jobs/one")).status_code == 404

    assert (answer.status_code, answer.json()["code"]) == (503, "misconfigured")
    assert "again" not in answer.json()["hint"], "it would be refused again"


async def test_not_as_safe_as_asked_for_is_503_with_the_id_that_makes_another_try_safe(
    open_api: Open, lonely: Server
) -> None:
    async with open_api(REDIS_URL=lonely.url, REDIS_TIMEOUT="1s") as api:
        for _ in range(2):
            answer = await told(api, durability="replica:1", id="one")
            assert answer.status_code == 503
            assert answer.json()["job_id"] == "one"
            assert "it is stored once" in answer.json()["hint"]
            assert answer.headers["Retry-After"]
    async with open_api(REDIS_URL=lonely.url) as api:  # with the usual patience
        assert (await api.get("/api/v1/jobs/one")).json()["status"] == "enqueued"


async def test_the_setting_of_the_server_counts_where_a_client_does_not_ask(
    open_api: Open, lonely: Server
) -> None:
    slow = {"REDIS_URL": lonely.url, "GOPHER_DURABILITY": "replica:1", "REDIS_TIMEOUT": "3s"}
    async with open_api(**slow) as api:
        answer = await told(api)  # it waits for a replica longer than for an answer of Redis
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("stored, but not replica:1: only 0 of 1 replicas")
    async with open_api(**slow | {"REDIS_TIMEOUT": REDIS_TIMEOUT}) as api:
        assert (await submit(api, durability="memory")).status_code == 201
