"""Changes of schedules as their callers have seen them, and what is said of jobs that are not there."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, Changed, NotFound
from gopher_cli.model.schedule.schedule_state import ScheduleChange
from gopher_cli.store.keyspace import fleet_key

pytestmark = pytest.mark.anyio
NEW_YEAR = 1767225600  # 2026-01-01T00:00:00Z
NOW = f"{NEW_YEAR}000"


async def define(gopher: Gopher, **more: Any) -> ScheduleChange:
    return await gopher.set_schedule("s", "x", **({"every": 3600, "now": NOW} | more))


async def test_a_change_says_how_it_stands_and_since_when(gopher: Gopher) -> None:
    made = await define(gopher)
    assert (made.change, made.state, made.since) == ("created", "active", NEW_YEAR * 1000)
    assert (made.next, made.job_id) == ((NEW_YEAR + 3600) * 1000, "s:20260101T010000Z")

    again = await define(gopher, now=f"{NEW_YEAR + 60}000")
    assert (again.change, again.since, again.job_id) == ("unchanged", made.since, made.job_id)


async def test_one_that_is_paused_has_no_next_instant_but_the_job_that_would_be_next(gopher: Gopher) -> None:
    await define(gopher)
    await gopher.pause_schedule("s", "default", "deploy", now=NOW)
    found = await define(gopher)

    assert (found.change, found.state, found.next) == ("unchanged", "paused", None)
    assert found.job_id == "s:20260101T010000Z"


async def test_one_that_is_over_names_its_last_instant(gopher: Gopher) -> None:
    await define(gopher, times=1)
    await gopher.tick("default", now=f"{NEW_YEAR + 3600}000")
    found = await define(gopher, times=1, now=f"{NEW_YEAR + 3601}000")

    assert (found.change, found.state, found.next) == ("unchanged", "over", None)
    assert found.job_id


async def test_only_the_revision_that_was_seen_is_changed(gopher: Gopher) -> None:
    await define(gopher)
    seen = (await gopher.schedule_row("s")).revision
    for change in (
        define(gopher, every=60, revision=0), define(gopher, every=60, revision=seen - 1),
        gopher.pause_schedule("s", revision=seen - 1), gopher.drop_schedule("s", revision=seen - 1),
    ):  # fmt: skip
        with pytest.raises(Changed, match="nothing was changed"):
            await change
    assert (await gopher.schedule_row("s")).revision == seen

    assert (await define(gopher, every=60, revision=seen)).change == "changed"
    await gopher.drop_schedule("s", revision=(await gopher.schedule_row("s")).revision)
    with pytest.raises(Changed, match="is not there any more"):
        await define(gopher, revision=seen)
    assert (await define(gopher, revision=0)).change == "created"


async def test_what_is_as_it_should_be_is_no_change_whatever_was_seen(gopher: Gopher) -> None:
    await define(gopher)

    assert (await define(gopher, revision=0)).change == "unchanged"


async def why(gopher: Gopher, id: str) -> str:
    with pytest.raises(NotFound) as missing:
        await gopher.queue_of(id)
    return str(missing.value)


async def test_a_job_of_an_instant_to_come_is_not_there_yet_and_says_when_it_will_be(gopher: Gopher) -> None:
    await gopher.set_schedule("s", "x", cron="0 0 1 1 *", tz="UTC")

    assert "makes it at 2990-01-01T00:00:00.000Z (in " in await why(gopher, "s:29900101T000000Z")
    assert "has no instant at that time" in await why(gopher, "s:29900101T000001Z")
    assert "no job" in await why(gopher, "s:20200101T000000Z")
    assert "no job" in await why(gopher, "s:20209901T000000Z")
    assert "no job" in await why(gopher, "t:29900101T000000Z")

    await gopher.pause_schedule("s")
    assert "the schedule s is paused" in await why(gopher, "s:29900101T000000Z")


async def test_a_job_of_an_instant_that_was_missed_or_skipped_says_so(gopher: Gopher) -> None:
    await define(gopher)
    await gopher.tick("default", now=f"{NEW_YEAR + 4 * 3600}000")
    await gopher.tick("default", now=f"{NEW_YEAR + 5 * 3600}000")

    assert "its instant was missed" in await why(gopher, "s:20260101T020000Z")
    assert "was skipped: s:20260101T040000Z was unfinished" in await why(gopher, "s:20260101T050000Z")


async def test_a_queue_that_cannot_be_read_hides_no_schedule_of_another(gopher: Gopher, redis: Redis) -> None:
    for queue in ("a", "b"):
        await gopher.set_schedule(queue, "x", every=3600, queue=queue)
    keys = gopher.keys("a")
    redis.delete(keys["schedules"], keys["ticks"], keys["runs"])
    redis.set(keys["schedules"], "foreign")

    assert (await gopher.schedule_row("b")).queue == "b"
    assert "no job" in await why(gopher, "c:29900101T000000Z")
    with pytest.raises(BadData):
        await gopher.schedule_row("a")
    redis.delete(keys["schedules"])


async def test_a_schedule_is_looked_for_in_all_queues_at_once(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await define(gopher)
    redis.sadd(fleet_key(gopher.namespace, "queues"), *(f"q{n}" for n in range(100)))
    asked, ask = list[object](), gopher.store.ask

    async def counted(wanted: Any, *rest: Any, **more: Any) -> Any:
        asked.append(wanted)
        return await ask(wanted, *rest, **more)

    monkeypatch.setattr(gopher.store, "ask", counted)
    assert (await gopher.schedule_row("s")).queue == "default"
    assert len(asked) < 8
