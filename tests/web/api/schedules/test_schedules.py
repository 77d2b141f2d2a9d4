"""Schedules over HTTP: look, define, change as it was seen, pause, resume, run, backfill, remove."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Unavailable
from web.keyring import key

pytestmark = pytest.mark.anyio
ALL = "/api/v1/schedules"
ONE = f"{ALL}/mail/nightly"
NIGHTLY = {"type": "report", "cron": "0 3 * * *", "tz": "Europe/Berlin"}
NEW_YEAR = 1767225600  # 2026-01-01T00:00:00Z


async def define(api: httpx2.AsyncClient, path: str = ONE, **more: Any) -> httpx2.Response:
    return await api.put(path, json=NIGHTLY | more)


async def count(api: httpx2.AsyncClient) -> int:
    return len((await api.get(ALL)).json()["items"])


async def test_it_is_created_then_unchanged_then_changed(api: httpx2.AsyncClient) -> None:
    made, again, other = await define(api), await define(api), await define(api, payload={"n": 1})

    assert [one.status_code for one in (made, again, other)] == [201, 200, 200]
    assert [one.json()["outcome"] for one in (made, again, other)] == ["created", "unchanged", "changed"]
    assert [one.json()["changed"] for one in (made, again, other)] == [True, False, True]
    said = made.json()
    assert (said["name"], said["queue"], said["state"]) == ("nightly", "mail", "active")
    assert said["job_id"].startswith("nightly:") and said["next_run"] == other.json()["next_run"]
    assert made.headers["location"] == said["links"]["self"] == ONE
    assert await count(api) == 1


async def test_what_is_left_out_has_its_default_again(api: httpx2.AsyncClient) -> None:
    await define(api, overlap="all", tags=["a"], priority="high")
    await define(api)
    said = (await api.get(ONE)).json()

    assert (said["overlap"], said["tags"], said["priority"]) == ("skip", [], 5)


async def test_lists_go_by_queue_and_name_and_may_be_of_some_queues(api: httpx2.AsyncClient) -> None:
    for path in ("mail/b", "mail/a", "shop/c"):
        await define(api, f"{ALL}/{path}")
    for query, names in (
        ("", "abc"), ("?queue=mail", "ab"), ("?queue=shop,mail", "cab"), ("?name=a", "a"),
        ("?name=c&queue=shop", "c"), ("?name=a&queue=shop", ""),
    ):  # fmt: skip
        said = (await api.get(f"{ALL}{query}")).json()
        assert [one["name"] for one in said["items"]] == list(names)
    assert (await api.get(f"{ALL}?queue=none")).status_code == 404
    assert (await api.get(f"{ALL}?queue=")).json()["parameter"] == "queue"
    assert (await api.get(f"{ALL}?name=a b")).json()["parameter"] == "name"
    assert (await api.get(f"{ALL}?nam=a")).status_code == 422


async def test_payloads_keep_the_very_digits_of_their_numbers(api: httpx2.AsyncClient) -> None:
    text = '{"type":"t","every":60,"payload":{"n":10.00,"m":3.14159265358979323846}}'
    await api.put(ONE, content=text, headers={"content-type": "application/json"})

    assert '"payload":{"n":10.00,"m":3.14159265358979323846}' in (await api.get(ONE)).text


async def test_it_is_paused_with_a_reason_and_resumed(api: httpx2.AsyncClient) -> None:
    await define(api)
    paused = await api.post(f"{ONE}/pause", json={"reason": "deploy"})
    seen = (await api.get(ONE)).json()
    again, resumed = await api.post(f"{ONE}/pause"), await api.post(f"{ONE}/resume")

    assert (paused.json()["outcome"], paused.json()["changed"], again.json()["changed"]) == (
        "paused", True, False,
    )  # fmt: skip
    assert seen["state"] == "paused" and seen["next_run"] is None
    assert seen["paused"]["reason"] == "deploy" and "127.0.0.1" in seen["paused"]["by"]
    assert (resumed.json()["state"], resumed.json()["changed"]) == ("active", True)
    assert resumed.json()["next_run"] is not None
    assert (await api.post(f"{ONE}/resume")).json()["changed"] is False


@pytest.mark.parametrize("given", [{"reason": ""}, {"reason": 5}, {"why": "x"}, [], {"reason": "x" * 9999}])
async def test_a_pause_without_sense_is_none(api: httpx2.AsyncClient, given: Any) -> None:
    await define(api)
    assert (await api.post(f"{ONE}/pause", json=given)).status_code == 422
    assert (await api.get(ONE)).json()["state"] == "active"


async def test_it_runs_now_once_under_a_key_and_not_beside_itself(api: httpx2.AsyncClient) -> None:
    await define(api)
    made, again = [await api.post(f"{ONE}/run", headers={"idempotency-key": "k"}) for _ in range(2)]
    said = made.json()

    assert (made.status_code, again.status_code) == (201, 201) and again.json() == said
    assert said["schedule"] == "nightly" and said["links"]["schedule"] == ONE
    job = (await api.get(made.headers["location"])).json()
    assert (job["job_id"], job["type"], job["schedule"]) == (said["job_id"], "report", "nightly")
    refused = await api.post(f"{ONE}/run")
    assert (refused.status_code, refused.json()["job_id"]) == (409, said["job_id"])
    assert refused.json()["code"] == "unfinished"


async def test_the_last_run_is_told_with_its_state(api: httpx2.AsyncClient) -> None:
    await define(api)
    id = (await api.post(f"{ONE}/run")).json()["job_id"]
    said = (await api.get(ONE)).json()

    assert (said["last_run"]["job_id"], said["last_run"]["state"]) == (id, "enqueued")
    assert said["history"][0]["outcome"] == "manual"


async def test_past_instants_are_made_once(api: httpx2.AsyncClient) -> None:
    await define(api)
    week = {"from": "2026-01-01", "to": "2026-01-03T12:00:00Z"}
    dry = (await api.post(f"{ONE}/backfill", json=week | {"dry_run": True})).json()
    made, again = [(await api.post(f"{ONE}/backfill", json=week)).json() for _ in range(2)]

    ids = [f"nightly:2026010{day}T020000Z" for day in (1, 2, 3)]
    assert dry["made"] == ids and dry["dry_run"] is True
    assert (made["made"], made["known"]) == (ids, []) and (again["made"], again["known"]) == ([], ids)
    fresh = (await api.post(f"{ONE}/backfill", json=week | {"again": True})).json()
    assert len(fresh["made"]) == 3 and not set(fresh["made"]) & set(ids)
    assert (await api.get("/api/v1/stats")).json()["total"] == 6


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"to": "2026-01-01"}, "#/from"),
        ({"from": "2026-01-01"}, "#/to"),
        ({"from": "x", "to": "2026-01-01"}, "#/from"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "#/to"),
        ({"from": "2026-01-01", "to": "2999-01-01"}, "#/to"),
        ({"from": "2026-01-01", "to": "2026-01-02", "overlap": "serial"}, "#/overlap"),
        ({"from": "2026-01-01", "to": "2026-01-02", "again": "yes"}, "#/again"),
        ({"from": "2026-01-01", "to": "2026-01-02", "dry": True}, "#/dry"),
    ],
)
async def test_a_backfill_without_sense_is_none(
    api: httpx2.AsyncClient, asked: dict[str, Any], pointer: str
) -> None:
    await define(api)
    answer = await api.post(f"{ONE}/backfill", json=asked)

    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == pointer
    assert (await api.get("/api/v1/stats")).json()["total"] == 0


async def test_it_is_removed_and_its_jobs_stay(api: httpx2.AsyncClient) -> None:
    await define(api)
    id = (await api.post(f"{ONE}/run")).json()["job_id"]
    gone = await api.delete(ONE)

    assert (gone.status_code, gone.json()["outcome"], gone.json()["next_run"]) == (200, "removed", None)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume"),
                         ("POST", "/run"), ("GET", "/next")):  # fmt: skip
        assert (await api.request(method, f"{ONE}{path}")).status_code == 404
    assert (await api.get(f"/api/v1/jobs/{id}")).status_code == 200


async def test_an_etag_says_whether_it_is_still_so(api: httpx2.AsyncClient) -> None:
    await define(api)
    etag = (await api.get(ONE)).headers["etag"]
    assert (await api.get(ONE, headers={"if-none-match": etag})).status_code == 304

    await api.post(f"{ONE}/run")
    moved = await api.get(ONE, headers={"if-none-match": etag})
    assert moved.status_code == 200 and moved.headers["etag"] != etag


async def test_what_was_changed_meanwhile_is_left_alone(api: httpx2.AsyncClient) -> None:
    await define(api)
    old = {"if-match": (await api.get(ONE)).headers["etag"]}
    await api.post(f"{ONE}/run")  # a run is no change of its definition
    assert (await api.put(ONE, json=NIGHTLY | {"priority": 8}, headers=old)).status_code == 200

    for headers in (old, {"if-match": ""}, {"if-match": '"x"'}):
        for method, path, body in (("PUT", "", NIGHTLY), ("DELETE", "", None), ("POST", "/pause", None),
                                   ("POST", "/resume", None)):  # fmt: skip
            answer = await api.request(method, f"{ONE}{path}", json=body, headers=headers)
            assert answer.status_code == 412, (headers, method, path)
    seen = (await api.get(ONE)).json()
    assert (seen["priority"], seen["state"]) == (8, "active")
    assert (await api.post(f"{ONE}/pause", headers={"if-match": "*"})).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/pause"), ("POST", "/resume")])
async def test_a_change_between_the_look_and_the_deed_counts_as_well(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    await define(api)
    etag = (await api.get(ONE)).headers["etag"]
    gopher = api.app.state.services.gopher  # type: ignore[attr-defined]
    look = gopher.schedule_row

    async def look_and_lose(*which: str) -> Any:
        seen = await look(*which)
        monkeypatch.undo()
        await gopher.set_schedule("nightly", "report", queue="mail", every=60)
        return seen

    monkeypatch.setattr(gopher, "schedule_row", look_and_lose)
    answer = await api.request(method, f"{ONE}{path}", headers={"if-match": etag})
    assert answer.status_code == 412
    assert (await api.get(ONE)).json()["state"] == "active"


async def test_a_run_whose_answer_was_lost_is_the_same_run_again(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: Any) -> None:
        raise Unavailable("Redis is away")

    await define(api, overlap="all")
    monkeypatch.setattr(api.app.state.services.gopher, "keep_reply", lost)  # type: ignore[attr-defined]
    first, again = [await api.post(f"{ONE}/run", headers={"idempotency-key": "k"}) for _ in range(2)]

    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert (await api.get("/api/v1/stats")).json()["total"] == 1


async def test_it_may_be_asked_for_only_where_there_is_none(api: httpx2.AsyncClient) -> None:
    new = {"if-none-match": "*"}
    assert (await api.put(ONE, json=NIGHTLY, headers={"if-match": "*"})).status_code == 412
    assert (await api.put(ONE, json=NIGHTLY, headers=new)).status_code == 201
    assert (await api.put(ONE, json=NIGHTLY | {"priority": 8}, headers=new)).status_code == 412
    assert (await api.get(ONE)).json()["priority"] == 5


async def test_next_runs_are_told_as_clocks_there_show_them(api: httpx2.AsyncClient) -> None:
    await define(api, cron="30 2 * * *", **{"from": "2027-03-27"})
    said = (await api.get(f"{ONE}/next?count=2")).json()

    assert said["description"] == "every day at 02:30, Europe/Berlin"
    first, second = said["items"]
    assert (first["local"], first["note"]) == ("2027-03-27T02:30:00+01:00", None)
    assert (second["local"], second["instant"]) == ("2027-03-28T03:00:00+02:00", "2027-03-28T01:00:00.000Z")
    assert "02:30 does not exist that day" in second["note"]
    assert second["job_id"] == "nightly:20270328T010000Z"
    assert len((await api.get(f"{ONE}/next")).json()["items"]) == 5
    for wrong in ("0", "101", "x", ""):
        assert (await api.get(f"{ONE}/next?count={wrong}")).json()["parameter"] == "count"


async def test_no_more_runs_are_told_than_there_are(api: httpx2.AsyncClient) -> None:
    await define(api, times=2)
    assert len((await api.get(f"{ONE}/next")).json()["items"]) == 2
    await define(api, until="2027-01-03", **{"from": "2027-01-01"})
    assert len((await api.get(f"{ONE}/next")).json()["items"]) == 2


async def test_a_preview_stores_nothing(api: httpx2.AsyncClient) -> None:
    asked = {"cron": "30 2 * * *", "tz": "Europe/Berlin", "from": "2026-03-28", "count": 2}
    said = (await api.post(f"{ALL}/preview", json=asked)).json()

    assert [one["local"][:16] for one in said["items"]] == ["2026-03-28T02:30", "2026-03-29T03:00"]
    assert said["description"] == "every day at 02:30, Europe/Berlin" and said["items"][0]["job_id"] is None
    grid = (await api.post(f"{ALL}/preview", json={"every": "1d", "from": 1767225600, "times": 3})).json()
    assert [one["local"] for one in grid["items"]] == [f"2026-01-0{day}T00:00:00+00:00" for day in (1, 2, 3)]
    scattered = [
        (await api.post(f"{ALL}/preview", json={"cron": "H H * * *", "name": name, "count": 1})).json()
        for name in "abca"
    ]
    assert scattered[0]["items"] == scattered[3]["items"] and len({str(one) for one in scattered}) > 1
    assert await count(api) == 0


PREVIEWS: list[tuple[Any, str]] = [
    ({}, "#/cron"), ({"cron": "0 0 31 2 *"}, "#/cron"), ({"cron": "x" * 1_000_000}, "#/cron"),
    ({"cron": 5}, "#/cron"), ({"cron": "0 0 * * *", "tz": "Mars/Base"}, "#/tz"), ({"every": -5}, "#/every"),
    ({"every": 0}, "#/every"), ({"every": "0s"}, "#/every"), ({"every": 1e15}, "#/every"),
    ({"every": 60, "count": 0}, "#/count"), ({"every": 60, "count": 1000}, "#/count"),
    ({"every": 60, "until": "no"}, "#/until"), ({"every": 60, "type": "t"}, "#/type"), ([], "#"),
    ({"every": 60, "name": ""}, "#/name"),
]  # fmt: skip


async def test_a_preview_of_what_makes_no_sense_points_to_the_field(api: httpx2.AsyncClient) -> None:
    for asked, pointer in PREVIEWS:
        answer = await api.post(f"{ALL}/preview", json=asked)
        said = answer.json()
        assert answer.status_code in (413, 422), said
        assert answer.status_code == 413 or said["errors"][0]["pointer"] == pointer, (str(asked)[:80], said)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"cron": "bad"}, "#/cron"), ({"cron": None}, "#/cron"), ({"cron": "9" * 900_000}, "#/cron"),
    ({"tz": "Nowhere"}, "#/tz"), ({"every": 60}, "#/every"), ({"until": "2001-01-01"}, "#/until"),
    ({"from": "?"}, "#/from"), ({"times": "3"}, "#/times"), ({"overlap": "one"}, "#/overlap"),
    ({"catchup": 3}, "#/catchup"), ({"within": -1}, "#/within"), ({"pause_after": 11}, "#/pause_after"),
    ({"jitter": {}}, "#/jitter"), ({"offset": 1}, "#/offset"), ({"type": 5}, "#/type"),
    ({"type": "a b"}, "#/type"), ({"priority": "urgent"}, "#/priority"), ({"timeout": 0}, "#/timeout"),
    ({"max_retries": 1, "retries": 2}, "#/max_retries"), ({"tags": "a"}, "#/tags"),
    ({"tags": [1]}, "#/tags/0"),
    ({"headers": {"a": 1}}, "#/headers"), ({"unique_for": 5}, "#/unique_for"),
    ({"backoff": "x"}, "#/backoff"),
    ({"id": "x"}, "#/id"), ({"queue": "q"}, "#/queue"), ({"name": "n"}, "#/name"),
    ({"state": "paused"}, "#/state"),
    ({"execute_at": "2030-01-01"}, "#/execute_at"), ({"recurring": {}}, "#/recurring"),
]  # fmt: skip


async def test_a_definition_that_makes_no_sense_is_refused_with_a_pointer(api: httpx2.AsyncClient) -> None:
    for more, pointer in WRONG:
        answer = await define(api, **more)
        said = answer.json()
        assert answer.status_code == 422 and said["errors"][0]["pointer"] == pointer, (str(more)[:80], said)
    assert await count(api) == 0


async def test_bodies_that_are_too_large_too_deep_or_no_json_are_refused(api: httpx2.AsyncClient) -> None:
    large = await define(api, payload="x" * (1024 * 1024))
    deep = NIGHTLY | {"payload": json.loads("[" * 66 + "]" * 66)}
    kinds = {"content-type": "text/plain"}

    assert large.status_code == 413
    assert (await api.put(ONE, json=deep)).status_code in (400, 422)
    assert (await api.put(ONE, content="{", headers={"content-type": "application/json"})).status_code == 400
    assert (await api.put(ONE, content=json.dumps(NIGHTLY), headers=kinds)).status_code == 415
    assert (await api.post(f"{ONE}/pause", content="{}", headers=kinds)).status_code == 415
    assert await count(api) == 0


async def test_a_payload_that_its_type_forbids_is_refused(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.publish_types({"report": json.dumps({"type": "object", "required": ["day"]}).encode()})
    answer = await define(api)

    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"].startswith("#/payload")
    assert await count(api) == 0


@pytest.mark.parametrize("name", ["a b", "x" * 65, "é", "a%0Ab", "%00", "a:b", "{x}", "*"])
async def test_hostile_names_are_no_schedules(api: httpx2.AsyncClient, name: str) -> None:
    for path in (f"{ALL}/mail/{name}", f"{ALL}/{name}/nightly"):
        assert (await api.get(path)).status_code == 404
        assert (await api.put(path, json=NIGHTLY)).status_code == 422
        assert (await api.delete(path)).status_code == 404
        assert (await api.post(f"{path}/run")).status_code == 404
        assert (await api.post(f"{path}/pause")).status_code == 404
    assert await count(api) == 0


async def test_each_deed_needs_its_scope(open_api: Any, gopher: Gopher) -> None:
    reads, shop = await key(gopher, role="viewer"), await key(gopher, "submit:shop", name="s")
    runs, boss = await key(gopher, "submit:mail", name="m"), await key(gopher, role="operator", name="o")
    async with open_api() as api:
        assert (await api.get(ALL)).status_code == 401
        assert (await api.put(ONE, json=NIGHTLY, headers=boss)).status_code == 201
        for method, path in (("PUT", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume"),
                             ("POST", "/backfill")):  # fmt: skip
            for headers in (reads, runs):
                answer = await api.request(method, f"{ONE}{path}", json=NIGHTLY, headers=headers)
                assert (answer.status_code, answer.json()["scope"]) == (403, "operate"), (method, path)
        for headers, status in ((reads, 403), (shop, 403), (runs, 201)):
            assert (await api.post(f"{ONE}/run", headers=headers)).status_code == status
        for headers, status in ((reads, 200), (runs, 403)):
            assert (await api.get(ONE, headers=headers)).status_code == status


async def test_every_change_is_in_the_audit_with_who_has_made_it(open_api: Any, gopher: Gopher) -> None:
    boss = await key(gopher, role="operator", name="boss")
    async with open_api() as api:
        await api.put(ONE, json=NIGHTLY, headers=boss)
        await api.post(f"{ONE}/pause", json={"reason": "deploy"}, headers=boss)
        await api.post(f"{ONE}/resume", headers=boss)
        await api.delete(ONE, headers=boss)
    entries = [one for one in await gopher.audit_log() if one.target == "mail/nightly"]

    assert {one.action for one in entries} == {
        "set schedule", "pause schedule", "resume schedule", "remove schedule",
    }  # fmt: skip
    assert all("boss" in one.actor for one in entries)
    assert "deploy" in [one.detail for one in entries]


async def test_one_that_cannot_be_read_is_listed_and_removed(
    api: httpx2.AsyncClient, gopher: Gopher, redis: Any
) -> None:
    await define(api)
    redis.hset(f"{gopher.namespace}:{{mail}}:schedules", "broken", "7;{rubbish")
    broken = f"{ALL}/mail/broken"
    seen = (await api.get(broken)).json()

    assert seen["state"] == "unreadable" and seen["problem"] and seen["type"] is None
    assert await count(api) == 2
    assert (await api.get(f"{broken}/next")).json() == {"description": None, "items": []}
    week = {"from": "2026-01-01", "to": "2026-01-03"}
    for deed, asked in (("run", None), ("backfill", week)):
        answer = await api.post(f"{broken}/{deed}", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (409, "bad_data")
    assert (await api.put(broken, json=NIGHTLY)).status_code == 200
    assert (await api.get(broken)).json()["state"] == "active"
