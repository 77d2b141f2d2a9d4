"""Expects over HTTP: declared, looked at, dropped; in /health and the metrics."""

from __future__ import annotations

from typing import Any

import builders
import httpx2
import pytest
from driver import Queue
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.schedule.expect import Expect
from gopher_cli.store import calls
from gopher_cli.web.metrics import families
from gopher_cli.web.services import readiness
from web.conftest import Open
from web.keyring import Clock, key
from web.metrics.test_exposition import samples, value

pytestmark = pytest.mark.anyio
NIGHTLY = "/api/v1/expects/default/nightly"
REPORT = {"type": "report", "every": "25h"}


async def declared(gopher: Gopher, name: str, ago_ms: int, *, queue: str = "default") -> None:
    """That mails are expected once an hour, declared so long ago."""
    await gopher.announce([queue])
    now = (await gopher.depth(queue)).now
    wanted = Expect(queue=queue, name=name, type="mail", every=3600.0)
    await gopher.store.run(calls.expect(gopher.keys(queue), wanted, now=str(now - ago_ms)))


async def test_it_is_made_changed_and_left_as_it_is(api: httpx2.AsyncClient) -> None:
    made = await api.put(NIGHTLY, json=REPORT)

    assert made.status_code == 201
    said = made.json()
    assert (said["queue"], said["name"], said["type"]) == ("default", "nightly", "report")
    assert (said["every"], said["grace"], said["state"]) == (90_000, 0, "waiting")
    assert (said["last_success_at"], said["late_seconds"]) == (None, 0)
    assert (said["outcome"], said["changed"], said["created_by"][:7]) == ("new", True, "anybody")
    again = await api.put(NIGHTLY, json={"type": "report", "every": 90_000, "grace": "0s"})
    assert (again.status_code, again.json()["outcome"], again.json()["changed"]) == (200, "same", False)
    other = await api.put(NIGHTLY, json=REPORT | {"grace": 60})
    assert (other.status_code, other.json()["outcome"], other.json()["grace"]) == (200, "changed", 60)


async def test_it_is_listed_looked_at_and_dropped(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await api.put(NIGHTLY, json=REPORT)
    await declared(gopher, "hourly", 3 * builders.hour, queue="mail")

    listed = (await api.get("/api/v1/expects")).json()["items"]

    assert [(one["queue"], one["name"], one["state"]) for one in listed] == [
        ("default", "nightly", "waiting"), ("mail", "hourly", "late"),
    ]  # fmt: skip
    assert 7200 <= listed[1]["late_seconds"] < 7300
    some = (await api.get("/api/v1/expects?queue=mail")).json()["items"]
    assert [one["name"] for one in some] == ["hourly"]
    both = (await api.get("/api/v1/expects?queue=mail,default")).json()["items"]
    assert [one["name"] for one in both] == ["hourly", "nightly"]
    assert (await api.get(NIGHTLY)).json()["type"] == "report"
    assert (await api.delete(NIGHTLY)).json()["name"] == "nightly"
    for answer in (await api.get(NIGHTLY), await api.delete(NIGHTLY)):
        assert answer.status_code == 404
        assert answer.json()["hint"] == "list them with: GET /api/v1/expects"


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ({"type": "report"}, "#/every", "every is missing"),
        ({"every": 60}, "#/type", "type is missing"),
        ({"type": "two words", "every": 60}, "#/type", "the type 'two words'"),
        ({"type": 7, "every": 60}, "#/type", "type is a whole number, not a string"),
        ({"type": "", "every": 60}, "#/type", "type is empty"),
        ({"type": "t", "every": "soon"}, "#/every", "'soon' is not a duration"),
        ({"type": "t", "every": 0.5}, "#/every", "every is from 1s to 10 years"),
        ({"type": "t", "every": "11000d"}, "#/every", "every is from 1s to 10 years"),
        ({"type": "t", "every": True}, "#/every", "every is true or false"),
        ({"type": "t", "every": 60, "grace": -1}, "#/grace", "grace is a number of seconds"),
        ({"type": "t", "every": 60, "graze": 1}, "#/graze", "there is no field 'graze'"),
        ([1], "#", "the body is an array"),
    ],
)
async def test_what_is_wrong_is_pointed_at_and_nothing_is_stored(
    api: httpx2.AsyncClient, body: Any, pointer: str, said: str
) -> None:
    answer = await api.put(NIGHTLY, json=body)

    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == pointer and said in fault["detail"], fault
    assert (await api.get("/api/v1/queues")).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [("default/a%20b", 422), ("a%20b/nightly", 422), (f"default/{'x' * 65}", 422)],
)
async def test_a_name_that_could_be_none_is_refused(api: httpx2.AsyncClient, path: str, status: int) -> None:
    assert (await api.put(f"/api/v1/expects/{path}", json=REPORT)).status_code == status


async def test_an_unknown_queue_is_404_and_an_unknown_parameter_422(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/api/v1/expects?queue=mial")).status_code == 404
    assert (await api.get("/api/v1/expects/mial/nightly")).status_code == 404
    assert (await api.delete("/api/v1/expects/m%20l/nightly")).status_code == 404
    wrong = await api.get("/api/v1/expects?queu=mail")
    assert (wrong.status_code, wrong.json()["hint"]) == (422, "did you mean queue?")
    assert (await api.get(f"{NIGHTLY}?queue=x")).status_code == 422


async def test_a_queue_of_which_something_is_expected_is_not_removed(api: httpx2.AsyncClient) -> None:
    await api.put("/api/v1/expects/mail/nightly", json=REPORT)

    answer = await api.delete("/api/v1/queues/mail")

    assert answer.status_code == 409
    assert "jobs are expected in the queue mail" in answer.json()["detail"]
    assert answer.json()["hint"] == "list them with: GET /api/v1/expects"


async def test_who_reads_may_look_and_who_operates_may_change(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    eyes, hands = await key(gopher, "read"), await key(gopher, "operate", name="ops")

    assert (await api.put(NIGHTLY, json=REPORT, headers=eyes)).status_code == 403
    assert (await api.put(NIGHTLY, json=REPORT, headers=hands)).status_code == 201
    assert (await api.get(NIGHTLY, headers=hands)).status_code == 403
    seen = await api.get("/api/v1/expects", headers=eyes)
    assert "ops" in seen.json()["items"][0]["created_by"]
    assert (await api.delete(NIGHTLY, headers=eyes)).status_code == 403
    assert (await api.delete(NIGHTLY, headers=hands)).status_code == 200
    assert (await api.get("/api/v1/expects")).status_code == 401
    deeds = [(one.action, one.target) for one in await gopher.audit_log()]
    assert ("expect", "default/nightly") in deeds and ("drop expect", "default/nightly") in deeds


async def test_what_is_late_is_no_fault_of_the_server(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(readiness, "time", clock.module())
    await declared(gopher, "hourly", builders.hour // 2)
    first = await api.get("/health")
    assert (first.status_code, first.json()["status"], first.json()["late"]) == (200, "healthy", 0)
    await declared(gopher, "late", 3 * builders.hour, queue="mail")
    assert (await api.get("/health")).json()["late"] == 0, "it is looked at now and then"
    clock.ahead += 6

    after = await api.get("/health")

    assert (after.status_code, after.json()["status"], after.json()["late"]) == (200, "healthy", 1)
    assert "late" not in after.text.replace('"late":1', ""), "no names: it needs no key"
    assert (await api.get("/readyz")).status_code == 200


async def test_the_metrics_tell_when_it_succeeded_last_and_how_late_it_is(
    open_api: Open, gopher: Gopher, redis: Redis, namespace: str
) -> None:
    await declared(gopher, "late", 3 * builders.hour, queue="mail")
    queue = Queue(redis, namespace)
    await gopher.announce(["default"])
    queue.now = (await gopher.depth("default")).now
    queue.expect("on-time", type="report")
    queue.submit(builders.job(type="report"))
    queue.settle(*(builders.settlement(one) for one in queue.reserve()))
    redis.hset(queue.keys["expects"], "torn", b"\xff")

    async with open_api() as client:
        found = samples((await client.get("/metrics")).text)

    last, late = "gopher_expect_last_success_timestamp_seconds", "gopher_expect_late_seconds"
    assert value(found, last, queue="default", expect="on-time") == queue.now / 1000
    assert value(found, late, queue="default", expect="on-time") == 0
    assert value(found, last, queue="mail", expect="late") == 0
    assert 7200 <= value(found, late, queue="mail", expect="late") < 7300
    assert (late, frozenset({"queue": "default", "expect": "torn"}.items())) not in found
    redis.hdel(queue.keys["expects"], "torn")


async def test_of_very_many_the_metrics_tell_those_that_are_late_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(families, "MOST_EXPECTS", 2)
    many = [
        Expect(
            queue="q",
            name=f"e{n}",
            type="t",
            every=60.0,
            created=builders.NOW - n * builders.hour,
            now=builders.NOW,
        )
        for n in (1, 3, 0, 2)
    ]

    _, late = families._of_expects(many)

    assert [one.labels["expect"] for one in late.samples] == ["e3", "e2"]
