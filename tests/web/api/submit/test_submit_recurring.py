"""Jobs that recur: a submit makes a schedule, the same again changes nothing, and each field is looked at."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest

from gopher_cli.gopher import Gopher
from web.keyring import key

pytestmark = pytest.mark.anyio
JOBS = "/api/v1/jobs"
NEW_YEAR = {"cron_expression": "0 0 1 1 *"}


def body(recurring: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "cleanup",
        "payload": {},
        "recurring": NEW_YEAR if recurring is None else recurring,
    } | more


async def test_it_answers_the_job_of_the_next_instant_and_the_same_again_is_known(
    api: httpx2.AsyncClient,
) -> None:
    made, again = await api.post(JOBS, json=body()), await api.post(JOBS, json=body())
    said = made.json()
    year, name = said["next_run"][:4], said["schedule"]

    assert (made.status_code, again.status_code) == (201, 200) and again.json() == said
    assert (
        said["next_run"] == f"{year}-01-01T00:00:00.000Z" and said["job_id"] == f"{name}:{year}0101T000000Z"
    )
    assert (said["status"], said["type"], said["queue"]) == ("scheduled", "cleanup", "default")
    assert name.startswith("cleanup-") and len(name) == len("cleanup-") + 8
    assert said["links"] == {
        "self": f"/api/v1/jobs/{said['job_id']}", "schedule": f"/api/v1/schedules/default/{name}",
    }  # fmt: skip
    assert made.headers["location"] == said["links"]["schedule"]
    assert (await api.get(said["links"]["schedule"])).json()["updated_at"] == said["created_at"]


async def test_the_job_is_not_there_yet_and_says_when_it_will_be(api: httpx2.AsyncClient) -> None:
    said = (await api.post(JOBS, json=body())).json()
    for path in ("", "/result", "/log"):
        looked = await api.get(f"{JOBS}/{said['job_id']}{path}")
        assert looked.status_code == 404 and said["next_run"] in looked.json()["detail"]
    assert (await api.get(f"/job/{said['job_id']}")).status_code == 404


async def test_every_field_reaches_the_schedule(api: httpx2.AsyncClient) -> None:
    recurring = {
        "name": "s", "cron_expression": "0 3 * * *", "tz": "Europe/Berlin", "from": "2030-01-01",
        "until": "2040-01-01T00:00:00Z", "times": 9, "jitter": "5m", "overlap": "all", "catchup": "all:3",
        "within": "1h", "pause_after": 2,
    }  # fmt: skip
    work = {"queue": "mail", "priority": "high", "retries": 1, "timeout": "1m", "backoff": "fixed:1s",
            "tags": ["a"], "headers": {"h": "1"}, "retention": 60, "payload": {"n": 1.50}}  # fmt: skip
    assert (await api.post(JOBS, json=body(recurring, **work))).status_code == 201
    said = (await api.get("/api/v1/schedules/mail/s")).json()

    expected = {
        "cron": "0 3 * * *", "tz": "Europe/Berlin", "every": None, "from": "2030-01-01T00:00:00.000Z",
        "until": "2040-01-01T00:00:00.000Z", "times": 9, "jitter": 300.0, "overlap": "all",
        "catchup": "all:3", "within": 3600.0, "pause_after": 2, "priority": 8, "max_retries": 1,
        "timeout": 60.0, "backoff": "fixed:1s", "tags": ["a"], "headers": {"h": "1"}, "retention": 60.0,
        "payload": {"n": 1.5}, "next_run": "2030-01-01T02:00:00.000Z",
    }  # fmt: skip
    assert {name: said[name] for name in expected} == expected


async def test_an_interval_and_execute_at_as_its_beginning(api: httpx2.AsyncClient) -> None:
    said = await api.post(
        JOBS, json=body({"every": "90s", "offset": 5}, execute_at="2030-01-01T00:00:01Z", payload=[1])
    )
    assert said.status_code == 201 and said.json()["next_run"] == "2030-01-01T00:00:05.000Z"


async def test_a_paused_schedule_has_no_next_run_and_says_so(api: httpx2.AsyncClient) -> None:
    said = (await api.post(JOBS, json=body())).json()
    await api.post(f"{said['links']['schedule']}/pause")
    again = await api.post(JOBS, json=body())

    assert (again.status_code, again.json()["status"], again.json()["next_run"]) == (200, "paused", None)
    assert again.json()["job_id"] == said["job_id"]


R = "#/recurring"
REFUSED: list[tuple[dict[str, Any], str]] = [
    (body({}), f"{R}/cron_expression"),
    (body({"cron_expression": "0 0 31 2 *"}), f"{R}/cron_expression"),
    (body({"cron_expression": "* * * * * *"}), f"{R}/cron_expression"),
    (body({"cron_expression": "*/0 * * * *"}), f"{R}/cron_expression"),
    (body({"cron_expression": ""}), f"{R}/cron_expression"),
    (body({"cron_expression": "0 0 * * Montag"}), f"{R}/cron_expression"),
    (body({"cron_expression": "1" * 100_000}), f"{R}/cron_expression"),
    (body({"cron": "nonsense"}), f"{R}/cron"),
    (body({"cron": "0 1 * * *", "cron_expression": "0 2 * * *"}), f"{R}/cron_expression"),
    (body(NEW_YEAR | {"tz": "Europe/Nowhere"}), f"{R}/tz"),
    (body(NEW_YEAR | {"tz": "../../etc/passwd"}), f"{R}/tz"),
    (body(NEW_YEAR | {"tz": ""}), f"{R}/tz"),
    (body(NEW_YEAR | {"every": 60}), f"{R}/every"),
    (body({"every": 0.5}), f"{R}/every"), (body({"every": -1}), f"{R}/every"),
    (body({"every": "soon"}), f"{R}/every"), (body({"every": 1e300}), f"{R}/every"),
    (body({"every": True}), f"{R}/every"), (body({"every": [60]}), f"{R}/every"),
    (body({"every": 60, "offset": 60}), f"{R}/offset"),
    (body({"every": 60, "tz": "UTC"}), f"{R}/tz"),
    (body(NEW_YEAR | {"offset": 1}), f"{R}/offset"),
    (body(NEW_YEAR | {"until": "2001-01-01"}), f"{R}/until"),
    (body(NEW_YEAR | {"until": "tomorrow"}), f"{R}/until"),
    (body(NEW_YEAR | {"from": "2031-01-01", "until": "2030-01-01"}), f"{R}/until"),
    (body(NEW_YEAR | {"from": {}}), f"{R}/from"),
    (body(NEW_YEAR | {"times": 0}), f"{R}/times"), (body(NEW_YEAR | {"times": 1.5}), f"{R}/times"),
    (body(NEW_YEAR | {"jitter": "x"}), f"{R}/jitter"),
    (body(NEW_YEAR | {"overlap": "serial"}), f"{R}/overlap"),
    (body(NEW_YEAR | {"overlap": None, "catchup": "all:101"}), f"{R}/catchup"),
    (body(NEW_YEAR | {"catchup": "all:3"}), f"{R}/catchup"),
    (body(NEW_YEAR | {"pause_after": 99}), f"{R}/pause_after"),
    (body(NEW_YEAR | {"name": "a b"}), f"{R}/name"), (body(NEW_YEAR | {"name": "x" * 65}), f"{R}/name"),
    (body(NEW_YEAR | {"name": ""}), f"{R}/name"), (body(NEW_YEAR | {"name": 7}), f"{R}/name"),
    (body(NEW_YEAR | {"zone": "UTC"}), f"{R}/zone"), (body(5), R), (body([]), R), (body("daily"), R),
    (body(id="mine"), "#/id"), (body(delay=5), "#/delay"), (body(after=["a"]), "#/after"),
    (body(execute_at="9999-01-01"), "#/execute_at"), (body(NEW_YEAR | {"from": "9999-01-01"}), f"{R}/from"),
    (body(durability="fsync"), "#/durability"), (body(execute_at="soon"), "#/execute_at"),
    (body(NEW_YEAR | {"from": 1900000000}, execute_at=1900000000), "#/execute_at"),
    (body(priority=99), "#/priority"), (body(type=""), "#/type"), (body(queue="a b"), "#/queue"),
]  # fmt: skip


async def test_what_makes_no_sense_is_refused_with_a_pointer_and_nothing_is_made(
    api: httpx2.AsyncClient,
) -> None:
    for asked, pointer in REFUSED:
        answer = await api.post(JOBS, json=asked)
        said, case = answer.json(), str(asked)[:200]
        assert answer.status_code == 422 and said["errors"][0]["pointer"] == pointer, (case, said)
        assert len(said["detail"]) < 2100 and "gopher " not in said.get("hint", ""), case
    assert (await api.get("/api/v1/schedules")).json() == {"items": []}
    assert (await api.get("/api/v1/stats")).json()["total"] == 0


@pytest.mark.parametrize("text", ['{"every": NaN}', '{"every": 1e999}', '{"every": 60, "every": 61}'])
async def test_what_is_no_json_is_refused(api: httpx2.AsyncClient, text: str) -> None:
    answer = await api.post(
        JOBS, content=f'{{"type":"t","recurring":{text}}}', headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert (await api.get("/api/v1/schedules")).json() == {"items": []}


async def test_a_payload_that_its_type_forbids_is_refused(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.publish_types({"cleanup": json.dumps({"type": "object", "required": ["days"]}).encode()})
    answer = await api.post(JOBS, json=body())

    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"].startswith("#/payload")
    assert (await api.get("/api/v1/schedules")).json() == {"items": []}


async def test_it_is_no_part_of_a_batch_and_nobody_waits_for_its_end(api: httpx2.AsyncClient) -> None:
    many = (await api.post(f"{JOBS}/batch", json=[{"type": "t"}, body()])).json()
    assert (many["accepted"], many["refused"]) == (1, 1)
    assert many["items"][1]["pointer"] == "/recurring"
    whole = await api.post(f"{JOBS}?atomic=true", json=[{"type": "t"}, body()])
    assert whole.status_code == 422 and whole.json()["errors"][0]["pointer"] == "#/1/recurring"

    assert (await api.post(f"{JOBS}?wait=1", json=body())).json()["parameter"] == "wait"
    assert (await api.get("/api/v1/schedules")).json() == {"items": []}
    assert (await api.post(JOBS, json=body(), headers={"prefer": "wait=1"})).status_code == 201


async def test_under_an_idempotency_key_it_is_answered_as_before(api: httpx2.AsyncClient) -> None:
    first, again = [await api.post(JOBS, json=body(), headers={"idempotency-key": "k"}) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"

    other = await api.post(JOBS, json=body({"every": 60}), headers={"idempotency-key": "k"})
    assert other.status_code == 422 and "Idempotency-Key" in other.json()["detail"]


async def test_who_may_only_submit_makes_schedules_and_changes_none(open_api: Any, gopher: Gopher) -> None:
    shop, boss = await key(gopher, "submit:shop", name="shop"), await key(gopher, role="operator")
    async with open_api() as api:
        named = body(NEW_YEAR | {"name": "s"}, queue="shop")
        assert (await api.post(JOBS, json=named, headers=shop)).status_code == 201
        assert (await api.post(JOBS, json=named, headers=shop)).status_code == 200
        other = named | {"payload": {"x": 1}}
        refused = await api.post(JOBS, json=other, headers=shop)
        assert (refused.status_code, refused.json()["scope"]) == (403, "operate")
        assert (await api.post(JOBS, json=body(), headers=shop)).status_code == 403
        changed = await api.post(JOBS, json=other, headers=boss)
        assert changed.status_code == 200


async def test_many_who_say_the_same_at_once_make_one_schedule(api: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(api.post(JOBS, json=body()) for _ in range(20)))

    assert sorted(one.status_code for one in answers) == [200] * 19 + [201]
    assert len({one.text for one in answers}) == 1
    assert len((await api.get("/api/v1/schedules")).json()["items"]) == 1
