"""Many jobs in one request: what becomes of each, and all of them or none."""

from __future__ import annotations

import json
from typing import Any

import builders
import httpx2
import pytest

from gopher_cli.model.errors import TryLater, Unavailable
from web.operated import end, take

pytestmark = pytest.mark.anyio

JOBS, BATCH = "/api/v1/jobs", "/api/v1/jobs/batch"
LINES = {"Content-Type": "application/x-ndjson"}
GOOD, BAD = {"type": "t"}, {"type": "t", "tags": ["a", 1]}


def gopher_of(api: httpx2.AsyncClient) -> Any:
    return api._transport.app.state.services.gopher  # type: ignore[attr-defined]


def lines(*jobs: Any) -> bytes:
    return b"".join(job if isinstance(job, bytes) else json.dumps(job).encode() + b"\n" for job in jobs)


async def total(api: httpx2.AsyncClient) -> int:
    return int((await api.get("/api/v1/stats")).json()["total"])


@pytest.mark.parametrize("shape", ["array", "array to one", "object", "lines"])
async def test_each_job_has_its_result_in_its_place(api: httpx2.AsyncClient, shape: str) -> None:
    jobs = [GOOD, BAD, {"type": "t", "id": "mine"}, {"type": "t", "id": "mine"}, {"type": "t", "delay": 60}]

    match shape:
        case "array":
            answer = await api.post(BATCH, json=jobs)
        case "array to one":
            answer = await api.post(JOBS, json=jobs)
        case "object":
            answer = await api.post(
                BATCH,
                content=b' { "jobs" : ' + json.dumps(jobs).encode() + b" } ",
                headers={"Content-Type": "application/json"},
            )
        case _:
            answer = await api.post(BATCH, content=lines(*jobs), headers=LINES)

    said = answer.json()
    assert answer.status_code == 200
    assert (said["accepted"], said["known"], said["refused"]) == (3, 1, 1)
    assert [item["index"] for item in said["items"]] == [0, 1, 2, 3, 4]
    assert [item["status"] for item in said["items"]] == [
        "enqueued",
        "refused",
        "enqueued",
        "known",
        "scheduled",
    ]
    assert said["items"][1]["pointer"].startswith("/tags") and "job_id" not in said["items"][1]
    assert said["items"][2]["job_id"] == said["items"][3]["job_id"] == "mine"
    assert await total(api) == 3


async def test_lines_are_answered_by_lines_for_who_asks(api: httpx2.AsyncClient) -> None:
    answer = await api.post(
        BATCH,
        content=lines(GOOD, b'{"type":"t"', b"\n", b"\n", GOOD),
        headers=LINES | {"Accept": "application/x-ndjson"},
    )

    said = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [(item["index"], item["status"]) for item in said] == [
        (0, "enqueued"),
        (1, "refused"),
        (2, "enqueued"),
    ]
    assert "not valid JSON" in said[1]["error"]


async def test_jobs_keep_their_order_over_many_calls(api: httpx2.AsyncClient) -> None:
    answer = await api.post(BATCH, json=[{"type": "t", "id": f"{n:05}"} for n in range(1203)])

    assert answer.json()["accepted"] == 1203
    assert [item["job_id"] for item in answer.json()["items"]] == [f"{n:05}" for n in range(1203)]
    assert await total(api) == 1203


@pytest.mark.parametrize(
    ("jobs", "status", "pointers"),
    [
        ([GOOD, BAD, {"type": "two words"}], 422, ["#/1/tags", "#/2/type"]),
        ([GOOD, {"type": "t", "queue": "other"}], 422, None),
        ([GOOD, {"type": "t", "durability": "fsync"}], 422, None),
        ([GOOD] * 501, 413, None),
    ],
)
async def test_all_or_nothing_is_nothing_unless_all_are_right(
    api: httpx2.AsyncClient, jobs: list[Any], status: int, pointers: list[str] | None
) -> None:
    answer = await api.post(f"{BATCH}?atomic=true", json=jobs)

    assert answer.status_code == status
    if pointers:
        found = [error["pointer"] for error in answer.json()["errors"]]
        assert all(one.startswith(wanted) for one, wanted in zip(found, pointers, strict=True))
    assert await total(api) == 0


async def test_all_or_nothing_is_all_by_one_call(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, calls = api.app.state.services.gopher.store, []  # type: ignore[attr-defined]

    async def run(call: Any, *rest: Any) -> Any:
        calls.append(call.script.name)
        return await type(store).run(store, call, *rest)

    monkeypatch.setattr(store, "run", run)
    answer = await api.post(f"{BATCH}?atomic=true", json=[GOOD] * 500)

    assert answer.json()["accepted"] == 500
    assert calls == ["submit"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[", 400),
        (b"[1,]", 400),
        (b'{"jobs":1}', 422),
        (b'{"job":[]}', 422),
        (b'"x"', 422),
        (b'{"jobs":[],"more":[]}', 422),
        (b'{"jobs":[{"type":"t"}],"jobs":[]}', 422),
        (b'{"jobs":[],"jobs":[{"type":"t"}]}', 422),
        (b'{"jobs":[{"type":"t"}],"jobs":[{"type":"t"}]}', 422),
        (b"[" * 100_000, 400),
    ],
)
async def test_what_is_no_batch_is_refused_whole(api: httpx2.AsyncClient, body: bytes, status: int) -> None:
    answer = await api.post(BATCH, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == status, answer.text
    assert await total(api) == 0


@pytest.mark.parametrize(
    "item",
    [
        b"1",
        b"[]",
        b"null",
        b'{"type":"t","type":"t"}',
        b'{"type":"t","payload":[[' + b"[" * 70 + b"]" * 70 + b"]]}",
    ],
)
async def test_an_item_that_is_no_job_is_refused_alone(api: httpx2.AsyncClient, item: bytes) -> None:
    body = b'[{"type":"t"},' + item + b"]"
    answer = await api.post(BATCH, content=body, headers={"Content-Type": "application/json"})

    assert [one["status"] for one in answer.json()["items"]] == ["enqueued", "refused"]


async def test_a_batch_may_be_longer_than_one_job_and_each_payload_may_not(open_api: Any) -> None:
    large = {"type": "t", "payload": "x" * 700_000}
    async with open_api(SERVER_BATCH_LIMIT="4MB") as api:
        two = await api.post(JOBS, json=[large, large, {"type": "t", "payload": "x" * 1_100_000}])
        many = await api.post(BATCH, json=[large] * 7)

    assert [item["status"] for item in two.json()["items"]] == ["enqueued", "enqueued", "refused"]
    assert many.status_code == 413 and many.json()["max_body_size"] == 4 * 1024 * 1024


async def test_an_empty_batch_is_done(api: httpx2.AsyncClient) -> None:
    assert (await api.post(BATCH, json=[])).json() == {"accepted": 0, "known": 0, "refused": 0, "items": []}


async def test_a_batch_that_redis_breaks_off_tells_what_is_stored_and_what_to_send_again(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gopher, calls = api.app.state.services.gopher, 0  # type: ignore[attr-defined]

    async def breaks(jobs: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Unavailable("Redis does not answer in time")
        return await type(gopher).submit_many(gopher, jobs, **more)

    with monkeypatch.context() as patch:
        patch.setattr(gopher, "submit_many", breaks)
        answer = await api.post(BATCH, json=[GOOD] * 1200)
    said = answer.json()
    unknown = [item["job_id"] for item in said["items"] if item["status"] == "unknown"]
    rest = [GOOD | {"id": id} for id in unknown] + [GOOD] * (1200 - len(said["items"]))
    await api.post(BATCH, json=rest)

    assert answer.status_code == 503 and answer.headers["retry-after"]
    assert said["accepted"] == 500 and len(unknown) == 500
    assert await total(api) == 1200


async def test_jobs_that_wait_for_others_say_so(api: httpx2.AsyncClient) -> None:
    answer = await api.post(
        BATCH, json=[GOOD | {"id": "a"}, GOOD | {"after": ["a"]}, GOOD | {"after": ["gone"]}]
    )

    items = answer.json()["items"]
    assert [item["status"] for item in items] == ["enqueued", "blocked", "refused"]
    assert items[2]["error"] == "it waits for gone, and queue default has no such job"
    assert items[2]["pointer"] == "/after/0"


async def test_a_job_under_the_key_of_one_that_is_being_cancelled_is_refused_until_that_has_ended(
    api: httpx2.AsyncClient,
) -> None:
    jobs, key = [GOOD, GOOD | {"unique_key": "k"}], {"Idempotency-Key": "one"}
    first = (await api.post(JOBS, json=jobs[1])).json()["job_id"]
    (lease,) = await take(gopher_of(api))
    await api.post(f"{JOBS}/{first}/cancel")
    told = (await api.post(BATCH, json=jobs, headers=key)).json()
    with pytest.raises(TryLater, match="is being cancelled"):
        await gopher_of(api).submit("t", unique_key="k")

    assert (told["accepted"], told["refused"], told["known"]) == (1, 1, 0)
    assert told["items"][1]["code"] == "try_later" and told["items"][1]["job_id"] == first

    await end(gopher_of(api), [lease], builders.cancellation())
    again = (await api.post(BATCH, json=jobs, headers=key)).json()
    assert (again["accepted"], again["refused"]) == (2, 0)
    assert again["items"][0] == told["items"][0] and await total(api) == 3


async def test_lines_of_a_file_leave_their_marks_or_nothing_at_all(api: httpx2.AsyncClient) -> None:
    jobs = [GOOD | {"mark": "1;ab;"}, GOOD | {"mark": "3;cd;2", "queue": "other"}]
    marks = "/api/v1/batches?batch=night"

    for wrong in ([*jobs, GOOD], [*jobs, BAD | {"mark": "4;;"}], [*jobs, GOOD | {"mark": "4"}]):
        assert (await api.post(f"{BATCH}?batch=night", json=wrong)).status_code == 422
    assert (await api.post(BATCH, json=jobs)).json()["refused"] == 2
    assert (await api.post(JOBS, json=jobs[0])).status_code == 422
    assert await total(api) == 0 and (await api.get(marks)).json() == {"items": []}

    assert (await api.post(f"{BATCH}?batch=night", json=jobs)).json()["accepted"] == 2
    found = {one["queue"]: one["mark"] for one in (await api.get(marks)).json()["items"]}
    assert found == {"default": "1;ab;", "other": "3;cd;2"}
    one = (await api.get(f"{marks}&queue=other&durability=memory")).json()
    assert one == {"items": [{"queue": "other", "mark": "3;cd;2"}]}


async def test_the_order_of_the_jobs_does_not_matter_to_those_that_wait(api: httpx2.AsyncClient) -> None:
    answer = await api.post(BATCH, json=[GOOD | {"after": ["b"]}, GOOD | {"id": "b"}])

    assert [item["status"] for item in answer.json()["items"]] == ["blocked", "enqueued"]

    chain = [GOOD | {"id": f"c{n}", "after": [f"c{n + 1}"]} for n in range(600)]
    answer = await api.post(BATCH, json=[*chain, BAD, GOOD | {"id": "c600", "after": None}])
    statuses = [item["status"] for item in answer.json()["items"]]
    assert statuses == [*["blocked"] * 600, "refused", "enqueued"]


async def test_together_nothing_is_stored_where_one_waits_for_a_job_that_is_not_there(
    api: httpx2.AsyncClient,
) -> None:
    answer = await api.post(
        f"{BATCH}?atomic=true", json=[GOOD | {"id": "a"}, GOOD | {"after": ["a", "gone"]}]
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/1/after/1"
    assert (await api.get("/api/v1/jobs/a")).status_code == 404


async def test_together_nothing_is_stored_where_the_holder_of_a_key_is_being_cancelled(
    api: httpx2.AsyncClient,
) -> None:
    first = (await api.post(JOBS, json=GOOD | {"unique_key": "k"})).json()["job_id"]
    await take(gopher_of(api))
    await api.post(f"{JOBS}/{first}/cancel")
    before = await total(api)
    answer = await api.post(f"{BATCH}?atomic=true", json=[GOOD, GOOD | {"unique_key": "k"}, GOOD])

    assert answer.status_code == 409 and answer.headers["retry-after"]
    assert (answer.json()["code"], answer.json()["job_id"]) == ("try_later", first)
    assert await total(api) == before


async def test_lines_of_a_file_with_several_levels_of_durability_are_refused_whole(
    api: httpx2.AsyncClient,
) -> None:
    jobs = [GOOD | {"mark": "1;ab;", "durability": "memory"}, GOOD | {"mark": "2;cd;"}]
    answer = await api.post(f"{BATCH}?batch=night", json=jobs)

    assert answer.status_code == 422 and "durability" in answer.json()["detail"]
    assert await total(api) == 0
    assert (await api.get("/api/v1/batches?batch=night")).json() == {"items": []}
