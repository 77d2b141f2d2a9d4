"""Every field of a submit with every kind of hostile value: accepted whole, or refused with a pointer."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}
FIELDS = [
    "type", "queue", "id", "priority", "max_retries", "retries", "max_attempts", "delay", "execute_at",
    "timeout", "backoff", "unique_key", "unique_for", "tags", "headers", "after", "durability", "recurring",
]  # fmt: skip
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "an empty text": "",
    "a space": " ",
    "NUL": "a\0b",
    "a line break": "a\r\nSet-Cookie: x=1",
    "an escape": "\x1b[31m\x07",
    "text that turns round": "\u202egpj.exe",
    "braces": "{other}:ready",
    "a path": "../../etc/passwd",
    "a glob": "*",
    "the key of the fleet": "~",
    "a script": "<script>alert(1)</script>",
    "a template": "{{7*7}}${7*7}",
    "Lua": "')redis.call('flushall')--",
    "a long text": "x" * 10_000,
    "other digits": "\N{ARABIC-INDIC DIGIT FIVE}",
    "a smile": "\N{GRINNING FACE}" * 300,
    "zero": 0,
    "minus one": -1,
    "a fraction": 0.5,
    "a tiny number": 1e-300,
    "a huge number": 1e300,
    "2 ** 31": 2**31,
    "2 ** 63": 2**63,
    "2 ** 64": 2**64,
    "400 digits": 10**400,
    "minus 400 digits": -(10**400),
    "a number in a text": "9" * 400,
    "an exponent in a text": "1e400",
    "nan in a text": "nan",
    "infinity in a text": "inf",
    "a time before all": "0000-00-00T00:00:00Z",
    "a time after all": "9999-12-31T23:59:59.999999999+23:59",
    "a time that is none": "2030-02-30T25:61:61Z",
    "a duration of ages": "999999999999d",
    "an empty list": [],
    "a list of null": [None],
    "a list in a list": [[["a"]]],
    "a long list": ["a"] * 5000,
    "a list of long texts": ["x" * 5000] * 20,
    "a list of line breaks": ["a\nb"],
    "an empty object": {},
    "an object": {"a": 1},
    "an object of line breaks": {"a\r\nb": "c\r\nd"},
    "an object of many": {str(n): "x" for n in range(2000)},
    "an object with proto": {"__proto__": "a"},
}


@pytest.mark.parametrize("field", FIELDS)
async def test_a_field_with_a_hostile_value_is_kept_whole_or_refused_by_its_name(
    api: httpx2.AsyncClient, field: str
) -> None:
    stored = 0
    for name, value in VALUES.items():
        body = {"type": "t", field: value}
        answer = await api.post(JOBS, content=json.dumps(body), headers=JSON)

        why = f"{field}: {name}: {answer.status_code} {answer.text[:300]}"
        if answer.status_code in (200, 201):
            stored += answer.status_code == 201
            found = await api.get(answer.headers["location"])
            assert found.status_code == 200, why
            assert value is None or _kept(found.json(), field, value), why
        else:
            assert answer.status_code in (400, 422), why
            assert answer.json()["errors"][0]["pointer"].startswith("#"), why
            assert "Traceback" not in answer.text and "msgspec" not in answer.text, why
    assert (await api.get("/api/v1/stats")).json()["total"] == stored


TIMES = ["from", "until", "times", "jitter", "overlap", "catchup", "within", "pause_after"]
ONE = "/api/v1/schedules/q/s"


@pytest.mark.parametrize("field", ["cron", "tz", "every", "offset", *TIMES])
async def test_a_field_of_a_schedule_with_a_hostile_value_is_kept_or_refused_by_its_name(
    api: httpx2.AsyncClient, field: str
) -> None:
    """Both as a schedule and as a job that recurs: neither takes what the other refuses."""
    when = {"every": 60} if field == "offset" else {"cron": "0 0 1 1 *"} if field != "every" else {}
    for name, value in (VALUES | CRONS).items():
        alone = {"type": "t", **when, field: value}
        within = {"type": "t", "queue": "q", "recurring": {"name": "s", **when, field: value}}
        put = await api.put(ONE, content=json.dumps(alone), headers=JSON)
        if put.status_code == 201:
            assert [(await api.get(path)).status_code for path in (ONE, f"{ONE}/next")] == [200, 200], name
            await api.delete(ONE)
        submitted = await api.post(JOBS, content=json.dumps(within), headers=JSON)

        why = f"{field}: {name}: {put.status_code} {put.text[:300]} {submitted.text[:300]}"
        assert put.status_code == submitted.status_code, why
        if put.status_code == 201:
            assert (await api.delete(ONE)).status_code == 200
            continue
        assert put.status_code in (400, 422), why
        for answer, at in ((put, f"#/{field}"), (submitted, f"#/recurring/{field}")):
            said = answer.json()
            pointer = said["errors"][0]["pointer"]
            assert pointer.startswith(at) or (field == "every" and value is None), (why, pointer)
            assert "Traceback" not in answer.text and "msgspec" not in answer.text, why
            assert "gopher " not in said.get("hint", ""), why
    assert (await api.get("/api/v1/schedules")).json() == {"items": []}


CRONS: dict[str, Any] = {
    "a million characters": "1," * 400_000,
    "a list that goes on": " ".join(["1," * 30 + "1"] * 5),
    "a range that goes on": "0-99999999999 * * * *",
    "a step of nothing": "*/0 * * * *",
    "a step beyond": "*/99999999999999999999 * * * *",
    "a year": "0 0 1 1 * 2030",
    "other digits in a field": "\u0660 \u0660 * * *",
    "a name in another language": "0 0 * * Montag",
    "a zone with a path": "Europe/../../../etc/localtime",
    "a zone with NUL": "UTC\0",
    "R": "R R * * *",
    "a week day of ages": "0 0 * * 1#99",
    "only stars": "*****",
}  # fmt: skip


def _kept(job: dict[str, Any], field: str, value: Any) -> bool:
    """What the API tells again of a field is what was sent."""
    said = {"id": "job_id"}.get(field, field)
    return field not in ("type", "queue", "id", "tags", "headers") or job[said] == value


@pytest.mark.parametrize("body", [1, "t", None, True, 1.5])
async def test_a_body_that_is_no_object_is_refused(api: httpx2.AsyncClient, body: Any) -> None:
    for path in (JOBS, "/api/jobs", "/job"):
        answer = await api.post(path, content=json.dumps(body), headers=JSON)

        assert answer.status_code in (400, 422), answer.text
        assert answer.json()["errors"][0]["pointer"] == "#"


@pytest.mark.parametrize("name", ["__class__", "__proto__", "payload ", "Type", "", "a\0b", "x" * 100_000])
async def test_a_field_that_nobody_knows_is_refused_by_its_name(api: httpx2.AsyncClient, name: str) -> None:
    answer = await api.post(JOBS, json={"type": "t", name: 1})

    assert answer.status_code == 422
    assert len(answer.content) < 10_000, "what came in does not go out again at such a length"


QUERIES = [
    "limit=-1", "limit=0", "limit=1e9", "limit=99999999999999999999", "limit=nan", "limit=", "limit[]=1",
    "cursor=x", "cursor=%00", "cursor=" + "A" * 5000, "cursor=eyJhIjoxfQ", "cursor=..%2f", "state=x",
    "state=%00", "queue={x}", "queue=~", "type=%1b%5b31m", "search=" + "(" * 2000, "wait=-1", "wait=nan",
    "wait=1e400", "limit=1&limit=2", "state=failed&state=x", "%ff=%ff", "minutes=99999999999", "tag=%0a",
]  # fmt: skip


@pytest.mark.parametrize("path", ["jobs", "queues", "dlq", "workers", "stats", "jobs/x", "jobs/x/log"])
async def test_a_query_of_nonsense_is_never_an_error_of_ours(api: httpx2.AsyncClient, path: str) -> None:
    for query in QUERIES:
        answer = await api.get(f"/api/v1/{path}?{query}")

        assert answer.status_code in (200, 400, 404, 422), (query, answer.text[:300])
