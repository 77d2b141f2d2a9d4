"""Operating over HTTP: one job, many jobs, queues."""

from __future__ import annotations

from typing import Any

import builders
import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.keyspace import PLACES
from gopher_cli.verbs.bulk import plan
from web.operated import end, in_every_state, take

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
DONE = {
    "cancel": {"enqueued": "cancelled", "scheduled": "cancelled", "blocked": "cancelled",
    "retrying": "cancelled",
               "processing": "requested", "cancelled": "again"},
    "retry": {"failed": "enqueued", "retrying": "enqueued", "scheduled": "enqueued", "blocked": "enqueued",
              "cancelled": "enqueued", "enqueued": "again"},
    "promote": {"scheduled": "enqueued", "retrying": "enqueued", "enqueued": "again"},
    "delete": dict.fromkeys(
        ("completed", "failed", "retrying", "cancelled", "enqueued", "scheduled", "blocked"), "deleted"
    ),
}  # fmt: skip


async def state(gopher: Gopher, id: str, queue: str = "default") -> str:
    return PLACES.get(await gopher.place_of(queue, id), "")


async def act(api: httpx2.AsyncClient, deed: str, id: str, **more: Any) -> httpx2.Response:
    if deed == "delete":
        return await api.delete(f"{JOBS}/{id}", **more)
    return await api.post(f"{JOBS}/{id}/{deed}", **more)


@pytest.mark.parametrize("deed", DONE)
async def test_each_deed_does_what_the_state_allows_and_else_says_which_state_forbids_it(
    api: httpx2.AsyncClient, gopher: Gopher, deed: str
) -> None:
    made = await in_every_state(gopher)

    for before, id in made.items():
        answer = await act(api, deed, id)
        said = answer.json()
        if word := DONE[deed].get(before):
            assert (answer.status_code, said["outcome"], said["changed"]) == (200, word, word != "again"), (
                before
            )
        else:
            assert (answer.status_code, said.get("job_status")) == (409, before), said
            assert await state(gopher, id) == before
    assert (await act(api, deed, "nobody")).status_code == 404
    assert (await act(api, deed, "no body")).status_code == 404


async def test_if_match_keeps_a_deed_from_a_job_that_has_moved_on(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    id = await gopher.submit("x")
    seen = (await api.get(f"{JOBS}/{id}")).headers["etag"]
    await take(gopher)

    late = await act(api, "cancel", id, headers={"If-Match": seen})
    now = (await api.get(f"{JOBS}/{id}")).headers["etag"]
    right = await act(api, "cancel", id, headers={"If-Match": now})

    assert (late.status_code, late.json()["job_status"]) == (412, "processing")
    assert (right.status_code, right.json()["outcome"]) == (200, "requested")


async def test_many_jobs_are_cancelled_retried_and_purged_by_a_filter(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    made = await in_every_state(gopher)

    retried = (await api.post(f"{JOBS}/retry", json={"type": "x"})).json()
    cancelled = (await api.post(f"{JOBS}/cancel", json={"queue": "default", "limit": 100})).json()
    counted = (await api.post(f"{JOBS}/purge", json={"all": True, "dry_run": True})).json()
    purged = (await api.post(f"{JOBS}/purge", json={"all": True})).json()

    assert (retried["changed"], retried["more"]) == (2, False)
    assert (cancelled["changed"], cancelled["left"]) == (5, {"requested": 1})
    assert (counted["changed"], counted["matched"], purged["changed"]) == (0, 7, 7)
    assert [row.id for row in await gopher.jobs(Filter())] == [made["processing"]]


async def test_a_request_that_takes_long_answers_how_to_go_on(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gopher_cli.web.api.routes import bulk_actions

    monkeypatch.setattr(plan, "SLICE", 10)
    monkeypatch.setattr(bulk_actions, "STEP_SECONDS", 0)
    await gopher.submit_many([builders.job() for _ in range(25)])
    changed, asked = list[int](), {"type": "mail"}
    while True:
        said = (await api.post(f"{JOBS}/cancel", json=asked)).json()
        changed.append(said["changed"])
        assert said["more"] is bool(said["cursor"])
        if not said["more"]:
            break
        asked = {"type": "mail", "cursor": said["cursor"]}

    assert changed == [10, 10, 5]


async def test_a_rate_that_is_slower_than_a_request_says_when_to_come_again(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gopher_cli.web.api.routes import bulk_actions

    monkeypatch.setattr(bulk_actions, "STEP_SECONDS", 0.5)
    await gopher.submit_many([builders.job() for _ in range(3)])
    await end(gopher, await take(gopher, 3), builders.discard())
    asked = {"all": True, "rate": 1 / 60}  # so slow that no standstill is as long

    first = await api.post("/api/v1/dlq/requeue", json=asked)
    soon = await api.post("/api/v1/dlq/requeue", json=asked | {"cursor": first.json()["cursor"]})

    assert (first.status_code, first.json()["changed"], first.json()["more"]) == (200, 1, True)
    assert 0 < first.json()["retry_after"] <= 60
    assert (soon.status_code, soon.json()["changed"], soon.json()["more"]) == (200, 0, True)
    assert 0 < soon.json()["retry_after"] <= first.json()["retry_after"]


async def test_a_group_is_one_of_dead_jobs_for_every_deed(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await in_every_state(gopher)
    told = b'{"outcome":"failed","error":"no use","attempt":1}'  # the error of the dead one
    await end(gopher, await take(gopher), builders.failure(delay=60), told)
    (group,) = (await api.get("/api/v1/dlq/groups")).json()["items"]

    cancelled = await api.post(f"{JOBS}/cancel", json={"group": group["group"]})
    purged = await api.post(f"{JOBS}/purge", json={"group": group["group"]})

    assert cancelled.status_code == 422 and "dead jobs only" in cancelled.text
    assert purged.json()["changed"] == 1
    assert [row["job_id"] for row in (await api.get("/api/v1/dlq")).json()["items"]] == []
    assert len((await api.get(JOBS, params={"state": "retrying"})).json()["items"]) == 2


@pytest.mark.parametrize("q", ["queue:,", "state:,", '""', "older:0"])
async def test_a_search_that_says_nothing_deletes_nothing(
    api: httpx2.AsyncClient, gopher: Gopher, q: str
) -> None:
    id = await gopher.submit("x")

    answer = await api.post(f"{JOBS}/purge", json={"q": q, "all": True})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/q")
    assert await state(gopher, id) == "enqueued"


async def test_jobs_are_named_by_their_ids(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    made = await in_every_state(gopher)
    ids = [made["failed"], made["completed"], "nobody"]

    counted = (await api.post(f"{JOBS}/retry", json={"ids": ids, "dry_run": True})).json()
    done = (await api.post(f"{JOBS}/retry", json={"ids": ids})).json()

    assert (counted["changed"], counted["matched"]) == (0, 1)
    assert (done["changed"], done["left"]) == (1, {"gone": 1, "completed": 1})
    assert await state(gopher, made["failed"]) == "enqueued"


async def test_dead_jobs_come_back_and_nothing_else_does(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    made = await in_every_state(gopher)

    wrong = await api.post("/api/v1/dlq/requeue", json={"state": ["retrying"]})
    other = await api.post("/api/v1/dlq/requeue", json={"all": True, "target": "slow", "rate": "1000/s"})

    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/state")
    assert (other.status_code, other.json()["changed"]) == (200, 1)
    assert await state(gopher, made["failed"], "slow") == "enqueued"
    assert await state(gopher, made["retrying"]) == "retrying"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/all"), ({"all": True, "type": "x"}, "#/all"), ({"statee": "x"}, "#/statee"),
        ({"state": ["dead"]}, "#/state"),
        ({"limit": 0, "type": "x"}, "#/limit"), ({"ids": ["a b"]}, "#/ids"), ({"ids": ["a"], "type": "x"},
        "#/ids"),
        ({"cursor": "x", "type": "x"}, "#/cursor"), ({"error": "(a+)+"}, "#/error"), ({"older_than": -1},
        "#/older_than"),
        ({"group": "nope"}, "#/group"), ({"q": "group:nope"}, "#/q"),
        ({"ids": ["a"] * 501}, "#/ids"), ({"type": 3}, "#/type"), ({"queue": ["a b"]}, "#/queue"),
    ],
)  # fmt: skip
async def test_a_body_that_makes_no_sense_changes_nothing_and_is_pointed_at(
    api: httpx2.AsyncClient, gopher: Gopher, body: dict[str, Any], pointer: str
) -> None:
    id = await gopher.submit("x")

    for path in ("cancel", "purge"):
        answer = await api.post(f"{JOBS}/{path}", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert await state(gopher, id) == "enqueued"


@pytest.mark.parametrize("rate", ["fast", "0/s", 0, "2000000/s", 2_000_000, True])
async def test_a_rate_that_is_none_is_pointed_at(api: httpx2.AsyncClient, rate: Any) -> None:
    answer = await api.post("/api/v1/dlq/requeue", json={"all": True, "rate": rate})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/rate")


async def test_running_jobs_are_purged_only_where_they_are_named(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    id = await gopher.submit("x")
    await take(gopher)

    spared = (await api.post(f"{JOBS}/purge", json={"all": True})).json()
    named = (await api.post(f"{JOBS}/purge", json={"state": "processing"})).json()

    assert (spared["changed"], named["changed"], await state(gopher, id)) == (0, 1, "")


async def test_a_queue_is_paused_and_resumed_and_purged(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    for queue in ("default", "mail"):
        await gopher.submit("x", queue=queue)

    said = [(await api.post(f"/api/v1/queues/mail/{verb}")).json() for verb in ("pause", "pause", "resume")]
    put = await api.put("/api/v1/queues/mail/resume")
    purged = await api.post("/api/v1/queues/mail/purge", json={"all": True})

    assert [(one["paused"], one["changed"]) for one in said] == [(True, True), (True, False), (False, True)]
    assert put.json() == {"queue": "mail", "paused": False, "changed": False}
    assert (purged.json()["changed"], len(await gopher.jobs(Filter()))) == (1, 1)
    for path in ("nobody/pause", "nobody/purge", "no%20body/resume"):
        assert (await api.post(f"/api/v1/queues/{path}", json={"all": True})).status_code == 404


async def test_a_viewer_sees_everything_and_changes_nothing(open_api: Any, gopher: Gopher) -> None:
    made = await in_every_state(gopher)
    key = (await gopher.create_key("eyes", role="viewer")).secret
    async with open_api() as api:
        api.headers["X-API-KEY"] = key
        for path in ("/jobs", "/dlq", "/dlq/groups", "/queues", "/workers", "/types", "/stats", "/history"):
            assert (await api.get(f"/api/v1{path}")).status_code == 200, path
        for path in (
            "/jobs/cancel", "/jobs/retry", "/jobs/purge", "/dlq/requeue", "/queues/default/pause",
            "/queues/default/resume", "/queues/default/purge", f"/jobs/{made['failed']}/retry",
            f"/jobs/{made['enqueued']}/cancel", f"/jobs/{made['scheduled']}/promote",
        ):  # fmt: skip
            answer = await api.post(f"/api/v1{path}", json={"all": True})
            assert answer.status_code == 403 and "operate" in answer.text, path
        assert (await api.delete(f"{JOBS}/{made['failed']}")).status_code == 403
        api.headers["X-API-KEY"] = ""
        assert (await api.get(JOBS)).status_code == 401
    assert {name: await state(gopher, id) for name, id in made.items()} == {name: name for name in made}


async def test_a_deed_is_written_into_the_audit(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    made = await in_every_state(gopher)
    await act(api, "delete", made["failed"])
    await api.post(f"{JOBS}/cancel", json={"type": "x"})

    last, first = await gopher.audit_log(limit=2)

    assert (first.action, first.target, first.changed) == ("delete", f"default/{made['failed']}", 1)
    assert (last.action, last.target.startswith("state:"), last.changed) == ("cancel", True, 4)
    assert "anybody" in first.actor


async def test_every_route_is_described_with_its_problems_and_an_example(api: httpx2.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()

    for path in (
        f"{JOBS}/cancel",
        "/api/v1/dlq/requeue",
        f"{JOBS}/{{id}}/retry",
        "/api/v1/queues/{queue}/pause",
    ):
        described = document["paths"][path]["post"]
        assert {"401", "403", "404", "422", "503"} <= set(described["responses"]), path
        assert described["responses"]["200"]["content"]["application/json"]["example"]
    names = {one["name"] for one in document["paths"][JOBS]["get"]["parameters"]}
    assert {"state", "cursor", "q", "limit"} <= names


@pytest.mark.parametrize("more", [{"limit": 1}, {"cursor": "1.x"}], ids=str)
async def test_ids_go_with_nothing_that_would_choose_among_them(api: Any, more: dict[str, Any]) -> None:
    answer = await api.post("/api/v1/jobs/purge", json={"ids": ["one", "two"], **more})

    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == f"#/{next(iter(more))}"


async def test_an_id_in_two_queues_is_left_until_one_is_named(api, gopher):
    for queue in ("a", "b"):
        await gopher.submit_many([builders.job("dup", queue=queue, delay=3600.0)])
    asked = [
        lambda **how: api.get(f"{JOBS}/dup", **how),
        lambda **how: api.get("/api/v1/find", params={"id": "dup"} | how.get("params", {})),
        *(lambda deed=deed, **how: act(api, deed, "dup", **how) for deed in ("promote", "cancel", "retry")),
        lambda **how: act(api, "delete", "dup", **how),
    ]

    for ask in asked:
        refused = await ask()
        assert refused.status_code == 409, refused.text
        assert refused.json()["queues"] == ["a", "b"] and "?queue=a" in refused.json()["hint"]
        done = await ask(params={"queue": "b"})
        assert done.status_code == 200 and done.json()["queue"] == "b"
    assert await state(gopher, "dup", "a") == "scheduled"


async def test_of_many_ids_one_in_two_queues_is_left_and_told(api, gopher):
    for queue in ("a", "b"):
        await gopher.submit_many([builders.job("dup", queue=queue, delay=3600.0)])
    await gopher.submit_many([builders.job("alone", queue="a", delay=3600.0)])
    done = await api.post(f"{JOBS}/cancel", json={"ids": ["dup", "alone", "gone"]})

    assert done.json()["changed"] == 1 and done.json()["left"] == {"ambiguous": 1, "gone": 1}
    done = await api.post(f"{JOBS}/cancel", json={"ids": ["dup"], "queue": "b"})
    assert done.json()["changed"] == 1
    assert (await state(gopher, "dup", "a"), await state(gopher, "dup", "b")) == ("scheduled", "cancelled")


async def test_a_job_that_workers_died_of_runs_again_only_where_that_is_said(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    id = await gopher.submit("x")
    await end(gopher, await take(gopher), builders.discard(), b'{"outcome":"poison","error":"e","attempt":1}')
    left = await api.post(f"{JOBS}/{id}/retry")
    still = (await gopher.inspect("default", id)).state
    not_so = await api.post(f"{JOBS}/{id}/retry?poison=false")
    meant = await api.post(f"{JOBS}/{id}/retry?poison=true")

    assert (left.status_code, left.json()["outcome"], left.json()["job_status"]) == (409, "poison", "failed")
    assert "?poison=true" in left.json()["hint"] and (still, not_so.status_code) == ("failed", 409)
    assert (meant.status_code, meant.json()["outcome"]) == (200, "enqueued")
