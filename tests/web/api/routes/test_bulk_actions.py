"""Deeds that are narrower than they look do no more than they say: a queue's purge, a job's retry."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx2
import pytest
from worker.processes import PATIENCE

from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter
from web.operated import in_every_state

pytestmark = pytest.mark.anyio
JOBS, PURGE = "/api/v1/jobs", "/api/v1/queues/mail/purge"


async def two_queues(gopher: Gopher) -> None:
    for queue in ("mail", "mail", "other"):
        await gopher.submit("x", queue=queue)


async def left(gopher: Gopher) -> list[str]:
    return sorted(row.queue for row in await gopher.jobs(Filter()))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"q": "queue:other"}, "#/q"), ({"q": "queue:other type:x"}, "#/q"), ({"queue": "other"}, "#/queue"),
        ({"queue": ["mail", "other"]}, "#/queue"), ({"queue": "mail"}, "#/all"),
        ({"queue": ["mail"]}, "#/all"),
        ({"q": "queue:mail"}, "#/all"), ({"queue": "mail", "q": "queue:mail"}, "#/all"),
        ({"queue": "mail", "q": "queue:other"}, "#/q"), ({"queue": "mail", "limit": 1}, "#/all"),
        ({"q": "queue:other", "dry_run": True}, "#/q"), ({}, "#/all"), ({"q": " "}, "#/q"),
        ({"queue": "other", "ids": ["a"]}, "#/queue"),
    ],
)  # fmt: skip
async def test_a_purge_of_one_queue_that_means_another_or_nothing_deletes_nothing(
    api: httpx2.AsyncClient, gopher: Gopher, body: dict[str, Any], pointer: str
) -> None:
    await two_queues(gopher)

    answer = await api.post(PURGE, json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await left(gopher) == ["mail", "mail", "other"]


@pytest.mark.parametrize(
    "body",
    [{"all": True}, {"type": "x"},
     {"queue": "mail", "type": "x"}, {"q": "queue:mail type:x"}, {"q": "type:x"},
     {"state": "enqueued"}],
)  # fmt: skip
async def test_a_purge_of_one_queue_leaves_the_others_alone(
    api: httpx2.AsyncClient, gopher: Gopher, body: dict[str, Any]
) -> None:
    await two_queues(gopher)

    answer = await api.post(PURGE, json=body)

    assert (answer.status_code, answer.json()["changed"]) == (200, 2)
    assert await left(gopher) == ["other"]


@pytest.mark.parametrize("path", ["{}/cancel", "{}/promote", "{}"])
async def test_a_deed_that_knows_no_source_refuses_one(
    api: httpx2.AsyncClient, gopher: Gopher, path: str
) -> None:
    made = await in_every_state(gopher)

    for before, id in made.items():
        method = "POST" if "/" in path else "DELETE"
        answer = await api.request(method, f"{JOBS}/{path.format(id)}?source=completed")
        assert (answer.status_code, answer.json()["parameter"]) == (422, "source")
        assert (await gopher.inspect("default", id)).state == before


async def test_a_retry_takes_a_state_as_its_source_and_no_other_word(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    made = await in_every_state(gopher)
    failed = made["failed"]

    for word in ("nonsense", "dead", "Failed", "all", "failed,retrying"):
        answer = await api.post(f"{JOBS}/{failed}/retry?source={word}")
        assert (answer.status_code, answer.json()["parameter"]) == (422, "source")
    for word in ("scheduled", "completed", "processing", "enqueued", "blocked", "cancelled", "retrying"):
        answer = await api.post(f"{JOBS}/{failed}/retry?source={word}")
        assert (answer.status_code, answer.json()["job_status"]) == (409, "failed"), word
    assert (await gopher.inspect("default", failed)).state == "failed"
    assert (await api.post(f"{JOBS}/{failed}/retry?source=failed")).json()["outcome"] == "enqueued"
    assert (await api.post(f"{JOBS}/{made['retrying']}/retry?source=any")).json()["outcome"] == "enqueued"


async def test_a_source_is_described_where_it_counts(api: httpx2.AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    deeds = {
        "retry": paths[f"{JOBS}/{{id}}/retry"]["post"], "cancel": paths[f"{JOBS}/{{id}}/cancel"]["post"],
        "promote": paths[f"{JOBS}/{{id}}/promote"]["post"], "delete": paths[f"{JOBS}/{{id}}"]["delete"],
    }  # fmt: skip

    known = {deed for deed, said in deeds.items() if "source" in [one["name"] for one in said["parameters"]]}
    assert known == {"retry"}


@pytest.mark.parametrize("auth", ["open", "open-to-everyone"])
async def test_an_open_server_answers_to_its_own_names_only_also_with_a_key_in_its_settings(
    open_api: Any, auth: str
) -> None:
    async with open_api(AUTH=auth, API_KEY="an.environment.key") as api:
        for path, status in (("/api/v1/stats", 200), ("/health", 200)):
            assert (await api.get(path)).status_code == status
        for name in ("evil.example", "127.0.0.1.evil.example", "evil.example:8000"):
            assert (await api.get("/api/v1/stats", headers={"Host": name})).status_code == 421, name


async def test_a_server_that_asks_for_the_key_of_its_settings_answers_to_every_name(open_api: Any) -> None:
    async with open_api(API_KEY="an.environment.key") as api:
        key = {"X-API-KEY": "an.environment.key"}
        assert (await api.get("/api/v1/stats", headers={"Host": "gopher.example"})).status_code == 401
        assert (await api.get("/api/v1/stats", headers={"Host": "gopher.example"} | key)).status_code == 200


async def test_dead_jobs_are_not_said_to_be_requeued_while_redis_is_silent(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await in_every_state(gopher)
    store = api.app.state.services.gopher.store  # type: ignore[attr-defined]

    async def silent(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    assert (await api.get("/api/v1/stats")).is_success  # the keys are known
    with monkeypatch.context() as patch:
        for verb in ("run", "ask"):
            patch.setattr(store, verb, silent)
        patch.setattr("gopher_cli.web.api.submit.legacy.STEP_SECONDS", 0.1)
        patch.setattr("gopher_cli.web.server.problems.PATIENCE", 1.2)
        away = await api.post("/job/requeue-dlq")
    end = time.monotonic() + PATIENCE
    while (back := await api.post("/job/requeue-dlq")).status_code == 503:  # the keys are read again first
        assert time.monotonic() < end
        await asyncio.sleep(0.02)

    assert (away.status_code, "retry-after" in away.headers) == (503, True)
    assert back.json() == {"requeued": 1, "more": False}
    assert (await gopher.inspect("default", made["failed"])).state == "enqueued"
