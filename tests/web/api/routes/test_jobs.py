"""Looking at jobs over HTTP: lists, cursors, filters, one job and its parts."""

from __future__ import annotations

import asyncio

import builders
import httpx2
import pytest
from awake_clock import awake, clock

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import JobState
from web.answering import outlives_an_answer
from web.operated import end, in_every_state, take

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"


def ids(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["job_id"] for item in answer.json()["items"]]


async def test_jobs_are_listed_newest_first_page_by_page_and_the_link_leads_on(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    for n in range(7):
        await gopher.submit_many([builders.job(f"job-{n}")], now=str(builders.NOW + n))

    seen, where = list[str](), f"{JOBS}?limit=3&type=mail"
    while where:
        answer = await api.get(where)
        seen += ids(answer)
        await gopher.submit("late")  # shifts nothing
        link = answer.headers.get("link", "")
        assert bool(link) == bool(answer.json()["next_cursor"])
        where = link.partition(">")[0].removeprefix("<")

    assert seen == [f"job-{n}" for n in reversed(range(7))]


async def test_filters_choose_by_state_type_queue_tag_error_age_and_search(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    made = await in_every_state(gopher, tags=["red"])
    other = await gopher.submit("y", {"to": "ann"}, queue="mail")
    everything = [*made.values(), other]

    assert sorted(ids(await api.get(JOBS))) == sorted(everything)
    for state in JobState:
        assert ids(await api.get(JOBS, params={"state": state, "type": "x"})) == [made[state]]
    two = {made["failed"], made["retrying"]}
    assert set(ids(await api.get(f"{JOBS}?state=failed,retrying"))) == two
    assert set(ids(await api.get(f"{JOBS}?state=failed&state=retrying"))) == two
    for query in ("type=y", "queue=mail", "q=payload.to:ann", "q=type:y ann", "queue=mail,"):
        assert ids(await api.get(f"{JOBS}?{query}")) == [other]
    assert ids(await api.get(f"{JOBS}?tag=red&older_than=1h&queue=default")) == []
    assert (
        ids(await api.get(f"{JOBS}?error=no%20use")) == ids(await api.get("/api/v1/dlq")) == [made["failed"]]
    )


async def test_a_page_may_be_empty_and_go_on(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gopher_cli.verbs.select import scan

    monkeypatch.setattr(scan, "LOOKED_AT", 60)
    await gopher.submit_many([builders.job("rare", type="rare"), *(builders.job() for _ in range(100))])

    first = await api.get(f"{JOBS}?q=rare&limit=10")
    second = await api.get(first.headers["link"].partition(">")[0].removeprefix("<"))

    assert (ids(first), ids(second)) == ([], ["rare"])


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("statee=failed", "statee"), ("state=fialed", "state"), ("queue=a%20b", "queue"), ("limit=0",
        "limit"),
        ("limit=501", "limit"), ("limit=x", "limit"), ("limit=٣", "limit"), ("limit=1&limit=2", "limit"),
        ("cursor=x", "cursor"), ("cursor=%00", "cursor"), ("order=up", "order"), ("older_than=soon",
        "older_than"),
        ("older_than=200000w", "older_than"), ("error=(", "error"), ("error=(a%2B)%2B", "error"),
        ("error=" + "a" * 301, "error"), ("q=colour:red", "q"), ("q=type:a&type=b", "q"),
        ("offset=10", "offset"), ("error=%5CA%281%29%3F%281%29%5C1", "error"),
    ],
)  # fmt: skip
async def test_a_parameter_that_makes_no_sense_is_named(
    api: httpx2.AsyncClient, query: str, parameter: str
) -> None:
    answer = await api.get(f"{JOBS}?{query}")

    said = answer.json()
    assert (answer.status_code, said["parameter"]) == (422, parameter)
    assert said["detail"] == said["error"] and said["request_id"] == answer.headers["x-request-id"]


async def test_a_misspelt_parameter_is_guessed(api: httpx2.AsyncClient) -> None:
    assert (await api.get(f"{JOBS}?statee=failed")).json()["hint"] == "did you mean state?"


async def test_a_pattern_that_would_take_for_ever_is_refused_and_a_slow_one_is_soon_done(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await gopher.submit("x")
    (lease,) = await take(gopher)
    came_to = builders.settlement(lease, builders.discard())
    text = b'{"outcome":"failed","error":"' + b"a" * 30_000 + b'","attempt":1}'
    await gopher.settle("w.0", [builders.msgspec.structs.replace(came_to, data=text)])

    began = clock()
    refused = [await api.get(JOBS, params={"error": p}) for p in ("(a+)+$", "(a|a)*b", "(?=a+)b", ".*.*.*b")]
    slow = await api.get(JOBS, params={"error": ".*a.*b"})

    assert [one.status_code for one in refused] == [422, 422, 422, 422]
    assert ids(slow) == []
    assert awake(began) < 60  # or for ever


async def test_a_job_is_found_by_a_part_of_its_id(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.submit_many([builders.job("monday-report"), builders.job("monday-mail", queue="mail")])

    found = await api.get("/api/v1/find?id=monday-re")
    several, nobody = await api.get("/api/v1/find?id=monday"), await api.get("/api/v1/find?id=tuesday")

    assert found.json()["job_id"] == "monday-report" and found.json()["queue"] == "default"
    assert (several.status_code, nobody.status_code) == (422, 404)
    assert "fits 2 jobs" in several.json()["detail"]


async def test_a_job_has_a_weak_etag_that_changes_when_it_moves_on(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    id = await gopher.submit("x")
    first = await api.get(f"{JOBS}/{id}")
    same = await api.get(f"{JOBS}/{id}", headers={"If-None-Match": first.headers["etag"]})
    await take(gopher)
    moved = await api.get(f"{JOBS}/{id}", headers={"If-None-Match": first.headers["etag"]})

    assert (same.status_code, same.content) == (304, b"")
    assert (moved.status_code, moved.json()["status"]) == (200, "processing")
    assert first.headers["etag"].startswith('W/"') and moved.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("way", ["?wait=20", "prefer"])
async def test_a_client_may_wait_for_the_end_of_a_job(
    api: httpx2.AsyncClient, gopher: Gopher, way: str
) -> None:
    id = await gopher.submit("x")
    leases = await take(gopher)
    query, headers = (way, {}) if way != "prefer" else ("", {"Prefer": "wait=20"})
    asking = asyncio.create_task(api.get(f"{JOBS}/{id}{query}", headers=headers))
    await asyncio.sleep(0)
    await end(gopher, leases, builders.success(b"7"))

    answer = await asking

    assert (answer.json()["status"], answer.json()["result"]) == ("completed", 7)
    assert answer.headers.get("preference-applied") == ("wait=20" if headers else None)


async def test_a_wait_ends_in_time_and_tells_how_the_job_is(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    id = await gopher.submit("x")

    answer = await api.get(f"{JOBS}/{id}?wait=0.3")

    assert (answer.status_code, answer.json()["status"]) == (200, "enqueued")


async def test_a_wait_is_longer_than_an_answer_may_take(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await gopher.submit("x")
    leases = await take(gopher)
    asking = asyncio.create_task(api.get(f"{JOBS}/{id}?wait=50"))
    await outlives_an_answer(api, monkeypatch)
    await end(gopher, leases, builders.success())

    assert ((await asking).status_code, (await asking).json()["status"]) == (200, "completed")


async def test_the_result_is_the_bare_value_and_without_one_the_reason_is_told(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    made = await in_every_state(gopher)

    assert (await api.get(f"{JOBS}/{made['completed']}/result")).json() == {"sum": 42}
    for state, said in (("failed", "it failed"), ("enqueued", "it is enqueued")):
        answer = await api.get(f"{JOBS}/{made[state]}/result")
        assert answer.status_code == 404
        assert answer.json()["detail"].endswith(said) and answer.json()["job_status"] == state
    assert (await api.get(f"{JOBS}/nobody/result")).status_code == 404


async def test_attempts_and_log_are_told(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    from gopher_cli.store.calls import Report

    id = await gopher.submit("x")
    (lease,) = await take(gopher)
    await gopher.report([Report(lease, b"", "one\ntwo")])
    await end(gopher, [lease], builders.failure("boom", delay=60))

    attempts = (await api.get(f"{JOBS}/{id}/attempts")).json()["items"]
    log = await api.get(f"{JOBS}/{id}/log")

    assert [(one["attempt"], one["outcome"]) for one in attempts] == [(1, "failed")] or attempts
    assert log.headers["content-type"].startswith("text/plain")
    assert log.headers["x-content-type-options"] == "nosniff"
    assert [line.split(" ", 1)[-1] for line in log.text.splitlines()][-1].endswith("two")


async def test_a_log_is_followed_until_the_job_ends(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    from gopher_cli.store.calls import Report

    id = await gopher.submit("x")
    (lease,) = await take(gopher)
    await gopher.report([Report(lease, b"", "first")])
    asking = asyncio.create_task(api.get(f"{JOBS}/{id}/log?follow"))
    await asyncio.sleep(0.1)
    await gopher.report([Report(lease, b"", "second")])
    await end(gopher, [lease], builders.success())

    lines = (await asking).text.splitlines()

    assert [line.endswith(word) for line, word in zip(lines, ("first", "second"), strict=True)] == [
        True,
        True,
    ]


async def test_dead_jobs_are_grouped_by_error_and_a_group_is_a_filter(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await gopher.submit_many([builders.job() for _ in range(3)])
    for n, lease in enumerate(await take(gopher, 3)):
        data = b'{"outcome":"failed","error":"no user %d","attempt":1}' % n
        await end(gopher, [lease], builders.discard(), data)

    answer = (await api.get("/api/v1/dlq/groups")).json()
    (group,) = answer["items"]

    assert (group["count"], answer["seen"], answer["whole"]) == (3, 3, True)
    assert sorted(ids(await api.get(f"{JOBS}?group={group['group']}"))) == sorted(group["sample"])


async def test_what_every_route_does_alike(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    id = await gopher.submit("x")

    tidy, head = await api.get(f"{JOBS}/{id}/"), await api.head(f"{JOBS}/{id}")
    options, nowhere = await api.options(f"{JOBS}/{id}"), await api.get("/api/v1/nowhere")
    named = await api.get(JOBS, headers={"X-Request-ID": "my-42"})
    rude = await api.get(JOBS, headers={"X-Request-ID": "a b"})

    assert tidy.json()["job_id"] == id
    assert (head.status_code, head.content) == (200, b"") and int(head.headers["content-length"]) > 0
    assert options.status_code == 204
    assert set(options.headers["allow"].split(", ")) == {"OPTIONS", "GET", "HEAD", "DELETE"}
    assert (nowhere.status_code, bool(nowhere.json()["request_id"])) == (404, True)
    assert named.headers["x-request-id"] == "my-42" and rude.headers["x-request-id"] != "a b"


async def test_queues_workers_types_stats_and_history_are_told(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await in_every_state(gopher)
    await gopher.beat("w1", {"host": "here", "slots": 3, "queues": ["default"]})
    await gopher.publish_types({"x": b'{"type":"object"}'})

    queues = (await api.get("/api/v1/queues")).json()["items"]
    queue = (await api.get("/api/v1/queues/default")).json()
    workers = (await api.get("/api/v1/workers")).json()["items"]
    types = (await api.get("/api/v1/types")).json()["items"]
    stats = (await api.get("/api/v1/stats")).json()
    history = (await api.get("/api/v1/history?minutes=5")).json()

    assert queue["states"] == queues[0]["states"] == dict.fromkeys(JobState, 1)
    assert (workers[0]["id"], workers[0]["slots"]) == ("w1", 3)
    assert types == [{"type": "x", "schema": {"type": "object"}}]
    assert (stats["backlog"], list(stats)[:2]) == (2, ["at", "pending"])
    assert isinstance(stats["oldest_age_seconds"], float)
    assert sum(history["completed"]) == 1 and history["step_seconds"] == 60
    root = (await api.get("/api/v1")).json()
    assert {
        (await api.get(link)).status_code for name, link in root["links"].items() if name != "events"
    } == {200}
    assert (await api.get("/api/v1/queues/nobody")).status_code == 404
    assert (await api.get("/api/v1/stats?queues=x")).json()["hint"] == "did you mean queue?"
