"""What the doctor says of schedules, and what it mends."""

from __future__ import annotations

from typing import Any

import laws
import pytest
from redis import Redis

from doctor.test_doctor_workers import info
from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.schedule.declaration import declare
from gopher_cli.verbs.doctor import schedule_check
from gopher_cli.verbs.doctor.schedule_findings import Planned, schedule_findings

pytestmark = pytest.mark.anyio


async def planned(gopher: Gopher, later: float = 0) -> Planned:
    (found,) = await schedule_check.planned(gopher, ["default"])
    return found._replace(now=found.now + round(later * 1000))


def named(planned: Planned, *alive: Any) -> dict[str, tuple[str, ...]]:
    return {one.name: one.examples for one in schedule_findings(planned, alive)}


async def test_schedules_in_order_are_not_worth_a_word(gopher: Gopher) -> None:
    await gopher.set_schedule("s", "x", every=3600)
    await gopher.set_schedule("once", "x", every=1, times=1)
    worker = info(queues=["default"])

    assert named(await planned(gopher), worker) == {}


async def test_a_tick_that_nobody_makes_is_told(gopher: Gopher) -> None:
    next = (await gopher.set_schedule("s", "x", every=3600)).next
    assert next
    found = await planned(gopher)

    assert named(found._replace(now=next + 60_000)) == {}
    assert named(found._replace(now=next + 60_001)) == {"ticks that nobody makes": ("s",)}


async def test_a_pause_is_told_with_who_and_why(gopher: Gopher) -> None:
    await gopher.set_schedule("s", "x", every=3600)
    token = ACTOR.set("ann")
    await gopher.pause_schedule("s", reason="the vendor is down")
    ACTOR.reset(token)

    assert named(await planned(gopher, 7200)) == {
        "paused schedules": ("s for 2h by ann (the vendor is down)",)
    }


async def test_a_type_that_no_living_worker_of_the_queue_handles_is_told(gopher: Gopher) -> None:
    await gopher.set_schedule("s", "report", every=3600)
    found = await planned(gopher)

    assert named(found) == {}, "where no worker lives that is another finding"
    for living in (info(queues=["other"], types=["report"]), info(queues=["default"])):
        assert named(found, living) == {"schedules without a handler": ("s",)}
    assert named(found, info(queues=["default"], types=["report"])) == {}


async def test_what_code_no_longer_declares_is_told_while_a_worker_of_the_queue_lives(gopher: Gopher) -> None:
    await gopher.declare_schedule(declare("s", "x", every=3600))
    await gopher.set_schedule("by-hand", "x", every=3600)
    found = await planned(gopher)

    assert named(found) == {}
    assert named(found, info(queues=["default"], schedules=["s"])) == {}
    assert named(found, info(queues=["default"])) == {"schedules that no code declares any more": ("s",)}


async def test_a_lost_tick_is_given_anew_and_one_without_a_schedule_goes(
    gopher: Gopher, redis: Redis
) -> None:
    keys = gopher.keys("default")
    for name in ("lost", "gone", "over", "paused", "well"):
        await gopher.set_schedule(name, "x", every=3600, times=1)
    await gopher.pause_schedule("paused")
    redis.zrem(keys["ticks"], "lost")
    redis.hdel(keys["schedules"], "gone")
    redis.hdel(keys["runs"], "gone")
    found = await gopher.diagnose(data=False)
    assert {f.name: f.examples for f in found.troubles if "tick" in f.name} == {
        "schedules without a tick": ("lost",), "ticks without a schedule": ("gone",),
    }  # fmt: skip

    repairs = {repair.name: repair.ids for repair in await gopher.heal(found)}

    assert repairs == {"schedules without a tick": ("lost",), "ticks without a schedule": ("gone",)}
    assert (await gopher.schedule_row("lost")).state == "active"
    assert not [f for f in (await gopher.diagnose(data=False)).troubles if "tick" in f.name]
    laws.check(redis, gopher.namespace)


async def test_one_that_cannot_be_read_is_told_and_hides_no_other(gopher: Gopher, redis: Redis) -> None:
    await gopher.set_schedule("s", "x", every=3600)
    await gopher.set_schedule("rubbish", "x", every=3600)
    redis.hset(gopher.keys("default")["schedules"], "rubbish", "7;{")

    found = await planned(gopher, 2 * 3600)
    assert named(found)["schedules that cannot be read"] == ("rubbish",)
    assert named(found)["ticks that nobody makes"] == ("s",)


async def test_a_key_of_a_foreign_type_is_told(gopher: Gopher, redis: Redis) -> None:
    await gopher.submit("x")
    redis.set(gopher.keys("default")["ticks"], "foreign")

    found = await gopher.diagnose()
    redis.delete(gopher.keys("default")["ticks"])
    assert "keys of a foreign type" in [finding.name for finding in found.findings]
