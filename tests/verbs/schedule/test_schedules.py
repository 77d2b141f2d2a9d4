"""Schedules are set, changed, paused and ticked: each instant makes one job, and edits lose none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import builders
import msgspec
import pytest
from redis import Redis

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Ambiguous, BadData, Conflict, MemoryFull, NotFound, Usage
from gopher_cli.model.job.job import Spec
from gopher_cli.model.schedule.recurrence import BadSchedule, Recurrence, compact
from gopher_cli.model.schedule.schedule import MOST, Schedule
from gopher_cli.store.asks.schedules import encode_definition
from gopher_cli.store.keyspace import fleet_key
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.schedule import backfill
from verbs.test_requeue import fail

pytestmark = pytest.mark.anyio

NOW = builders.NOW - builders.NOW % builders.hour  # a full hour
FIVE = 5 * builders.minute


def at(ms: int) -> str:
    return str(NOW + ms)


def id_of(ms: int, name: str = "s") -> str:
    return f"{name}:{compact((NOW + ms) / 1000)}"


async def set(gopher: Gopher, ms: int = 0, name: str = "s", **given: Any) -> Any:
    given = {"every": 300} | given if "cron" not in given else given
    return await gopher.set_schedule(name, given.pop("type", "mail"), now=at(ms), **given)


async def row(gopher: Gopher, name: str = "s", queue: str = "default") -> Any:
    return await gopher.schedule_row(name, queue)


async def run_all(gopher: Gopher) -> int:
    """What waits is run, and dies: an end like any other."""
    count = 0
    while ids := await fail(gopher, 100):
        count += len(ids)
    return count


def put(
    gopher: Gopher, redis: Redis, name: str, definition: bytes | str, tick: float | str = NOW + 1000
) -> None:
    """Store what no verb would."""
    redis.sadd(fleet_key(gopher.namespace, "queues"), "default")
    keys = gopher.keys("default")
    redis.hset(keys["schedules"], name, definition)
    redis.hset(keys["runs"], name, "0;0;0;;;;;\n")
    redis.zadd(keys["ticks"], {name: tick})


def of_a_zone(name: str, zone: str = "Mars/Olympus") -> bytes:
    when = Recurrence(cron="0 * * * *", tz=zone)
    schedule = Schedule(name=name, queue="default", spec=Spec("mail", msgspec.Raw(b"{}")), when=when)
    return b"1;" + encode_definition(schedule)


def definition(**changed: Any) -> bytes:
    """One that is well formed; what differs makes no sense, or comes with a later release."""
    spec = {"spec": ["mail", {}], "when": {"every": 60}}
    return b"1;" + msgspec.json.encode(spec | changed)


UNREADABLE = (
    b"1;{", b"rubbish", b"", b";", b"2;[]", b"1;\xff", b"x;{}", definition(spec=5), definition(when={}),
    definition(when={"every": -60}), definition(when={"every": 0}), definition(when={"every": 2**62}),
    definition(when={"every": 60, "jitter": 1e300}), definition(when={"every": 60, "offset": -5}),
    definition(when={"cron": "61 * * * *", "tz": "UTC"}), definition(overlap="serial"),
    definition(catchup="all:9"), definition(catchup="all:9999", overlap="all"), definition(within=-1.0),
    definition(pause_after=10**9), definition(run_limit="x"),
)  # fmt: skip


async def test_a_schedule_is_created_and_the_same_again_changes_nothing(gopher: Gopher, redis: Redis) -> None:
    first = await set(gopher, 1)
    stored = redis.hgetall(gopher.keys("default")["schedules"])
    again = await set(gopher, builders.minute)

    assert (first.change, first.next, first.job_id) == ("created", NOW + FIVE, id_of(FIVE))
    assert (again.change, again.next, again.job_id) == ("unchanged", first.next, first.job_id)
    assert redis.hgetall(gopher.keys("default")["schedules"]) == stored


async def test_another_template_or_policy_keeps_the_next_instant(gopher: Gopher) -> None:
    await set(gopher)
    changed = await set(gopher, 2 * FIVE, type="other", overlap="all", priority=9)

    assert (changed.change, changed.next) == ("changed", NOW + FIVE)
    assert (await gopher.tick("default", now=at(2 * FIVE))).made == [id_of(2 * FIVE)]
    assert (await gopher.inspect("default", id_of(2 * FIVE))).type == "other"


async def test_another_when_counts_from_now_once_its_due_ticks_are_done(gopher: Gopher) -> None:
    await set(gopher)
    changed = await set(gopher, FIVE + 1, every=60)

    assert changed.next == NOW + FIVE + builders.minute
    found = await row(gopher)
    assert (found.standing.ran, found.standing.job) == (1, id_of(FIVE))


async def test_an_edit_lets_no_instant_come_again_though_the_clock_went_back(gopher: Gopher) -> None:
    await set(gopher, every=60)
    await gopher.tick("default", now=at(builders.hour))
    for every in (30, 60, 20):
        changed = await set(gopher, 0, every=every)
        assert changed.next > NOW + builders.hour, "it has run by then"
    await gopher.pause_schedule("s", now=at(1))
    await gopher.resume_schedule("s", now=at(2))

    assert (await row(gopher)).next > NOW + builders.hour


async def test_a_paused_schedule_is_not_due_and_what_was_due_meanwhile_is_not_made_up(gopher: Gopher) -> None:
    await set(gopher)
    assert await gopher.pause_schedule("s", reason="deploy; then\nmore", now=at(1))
    assert not await gopher.pause_schedule("s", reason="again", now=at(2))
    paused = await row(gopher)
    assert (paused.state, paused.next, paused.standing.pause.reason) == ("paused", None, "deploy; then\nmore")
    assert (await gopher.tick("default", now=at(builders.hour))).made == []

    assert await gopher.resume_schedule("s", now=at(builders.hour + 1))
    assert not await gopher.resume_schedule("s", now=at(builders.hour + 2))
    found = await row(gopher)
    assert (found.state, found.next) == ("active", NOW + builders.hour + FIVE)
    assert (found.standing.ran, found.standing.missed, found.standing.skipped) == (0, 0, 0)
    assert [entry.outcome for entry in found.standing.history] == ["resumed", "paused"]


async def test_an_edit_of_a_paused_schedule_leaves_it_paused(gopher: Gopher) -> None:
    await set(gopher)
    await gopher.pause_schedule("s", now=at(1))

    assert (await set(gopher, 2, type="other")).next is None
    assert (await set(gopher, 3, every=60)).next is None
    await gopher.resume_schedule("s", now=at(4))
    assert (await row(gopher)).next == NOW + builders.minute


@pytest.mark.parametrize("reason", ["x" * 10_000, "half \ud800"])
async def test_a_reason_that_cannot_be_kept_is_refused(gopher: Gopher, reason: str) -> None:
    await set(gopher)
    with pytest.raises(Usage):
        await gopher.pause_schedule("s", reason=reason)
    assert (await row(gopher)).state == "active"


async def test_so_many_times_and_then_it_is_over_until_its_when_changes(gopher: Gopher) -> None:
    await set(gopher, times=2)
    for n in range(1, 5):
        await gopher.tick("default", now=at(n * FIVE))
        await run_all(gopher)

    found = await row(gopher)
    assert (found.state, found.next, found.standing.ran) == ("over", None, 2)
    assert (await set(gopher, builders.hour, times=2)).change == "unchanged"
    assert (await set(gopher, builders.hour, times=3)).next == NOW + builders.hour + FIVE, "three more"
    assert (await row(gopher)).schedule.run_limit == 5


async def test_a_schedule_that_would_never_run_is_refused(gopher: Gopher) -> None:
    with pytest.raises(BadSchedule) as refused:
        await set(gopher, builders.hour, until=NOW / 1000)
    assert refused.value.field == "until"
    assert await gopher.schedules() == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("id", "x"), ("due", 5.0), ("delay", 5.0), ("after", ["x"]), ("durability", "fsync"), ("parent", "x")],
)
async def test_an_option_that_no_schedule_has_is_refused_at_its_field(
    gopher: Gopher, option: str, value: Any
) -> None:
    with pytest.raises(BadSchedule) as refused:
        await set(gopher, **{option: value})
    assert refused.value.field == option
    assert (await set(gopher, **{option: None})).change == "created"


async def test_the_job_of_an_instant_knows_its_schedule(gopher: Gopher) -> None:
    await set(gopher, payload={"n": 1}, priority=9, tags=["t"])
    await gopher.tick("default", now=at(FIVE))

    found = await gopher.inspect("default", id_of(FIVE))
    assert (found.schedule, found.instant) == ("s", NOW + FIVE)
    assert (found.type, found.priority, found.tags, found.payload) == ("mail", 9, ["t"], {"n": 1})


async def test_many_tickers_at_once_make_each_job_once(gopher: Gopher) -> None:
    for n in range(150):
        await set(gopher, name=f"s{n}")
    done = await asyncio.gather(*(gopher.tick("default", now=at(FIVE)) for _ in range(8)))

    made = sorted(id for ticks in done for id in ticks.made)
    assert made == sorted(id_of(FIVE, f"s{n}") for n in range(150))


@pytest.mark.row("S13")
async def test_what_cannot_be_read_here_is_left_and_the_others_go_on(gopher: Gopher, redis: Redis) -> None:
    for n in range(120):
        put(gopher, redis, f"bad{n:03}", UNREADABLE[n % len(UNREADABLE)])
    put(gopher, redis, "mars", of_a_zone("mars"))
    await set(gopher, name="good", every=60)

    ticks = await gopher.tick("default", now=at(builders.minute))
    assert ticks.made == [id_of(builders.minute, "good")]
    assert len(ticks.problems) == 121 and "Mars/Olympus" in ticks.problems["mars"]
    states = {found.name: found.state for found in await gopher.schedules()}
    assert states == dict.fromkeys(ticks.problems, "unreadable") | {"good": "active"}
    assert redis.zscore(gopher.keys("default")["ticks"], "mars") == NOW + 1000, "another host may know it"


@pytest.mark.row("S13")
async def test_a_tick_without_a_schedule_keeps_nobody_from_his(gopher: Gopher, redis: Redis) -> None:
    """Left over by somebody who has deleted by hand. It can be taken away, and set anew."""
    await set(gopher, name="good", every=60)
    redis.zadd(gopher.keys("default")["ticks"], {f"left{n}": n for n in range(300)})

    ticks = await gopher.tick("default", now=at(builders.minute))
    assert ticks.made == [id_of(builders.minute, "good")] and len(ticks.problems) == 300
    assert (await row(gopher, "left0")).state == "unreadable"
    await gopher.drop_schedule("left0", now=at(builders.minute))
    assert (await set(gopher, builders.minute, name="left1")).change == "created"
    redis.zrem(gopher.keys("default")["ticks"], *(f"left{n}" for n in range(300) if n != 1))


@pytest.mark.row("S13")
@pytest.mark.parametrize("score", ["-inf", -1e300, -1, 0, 1.5, NOW + 0.5, NOW + 1])
async def test_a_tick_that_is_no_instant_is_told_of_and_keeps_nobody_from_his(
    gopher: Gopher, redis: Redis, score: float
) -> None:
    """Nor is one that lies behind what is accounted for. Setting it anew heals it; so does a pause."""
    await set(gopher, name="good", cron="* * * * *")
    await set(gopher, name="odd", cron="* * * * *")
    redis.zadd(gopher.keys("default")["ticks"], {"odd": score})

    ticks = await asyncio.wait_for(gopher.tick("default", now=at(builders.minute)), 5)
    assert ticks.made == [id_of(builders.minute, "good")] and list(ticks.problems) == ["odd"]
    rows = {found.name: found.state for found in await gopher.schedules()}
    assert rows == {"good": "active", "odd": "unreadable"}
    assert (
        await set(gopher, builders.minute, name="odd", cron="*/2 * * * *")
    ).next == NOW + 2 * builders.minute
    assert (await gopher.tick("default", now=at(builders.minute))).problems == {}
    redis.zadd(gopher.keys("default")["ticks"], {"odd": score})
    await gopher.pause_schedule("odd", now=at(builders.minute))
    await gopher.resume_schedule("odd", now=at(builders.minute))
    assert (await row(gopher, "odd")).next == NOW + 2 * builders.minute


async def test_what_cannot_be_read_can_be_set_anew_paused_and_taken_away(
    gopher: Gopher, redis: Redis
) -> None:
    put(gopher, redis, "mars", of_a_zone("mars"))
    put(gopher, redis, "bad", b"1;{")

    assert await gopher.pause_schedule("bad", now=at(1))
    await gopher.drop_schedule("bad", now=at(2))
    assert (await set(gopher, 3, name="mars")).change == "changed"
    assert [found.name for found in await gopher.schedules()] == ["mars"]


@pytest.mark.parametrize("definition", [of_a_zone("mars"), b"1;{"], ids=["zone", "rubbish"])
async def test_a_schedule_that_cannot_be_read_here_is_not_resumed_here(
    gopher: Gopher, redis: Redis, definition: bytes
) -> None:
    """It would have no tick, and never run again."""
    put(gopher, redis, "mars", definition)
    await gopher.pause_schedule("mars", now=at(1))

    with pytest.raises(BadData, match="cannot be resumed here"):
        await gopher.resume_schedule("mars", now=at(2))
    assert (await row(gopher, "mars")).standing.pause


@pytest.mark.parametrize(
    "state",
    [b"", b"rubbish", b"1;2;3", b"x;0;0;;;;;\n", b"0;0;0;;;;;no json\n1;ran\n;;;;;\n", b"\xff\xfe;;\n"],
)
async def test_what_became_of_a_schedule_may_be_rubbish_and_it_goes_on(
    gopher: Gopher, redis: Redis, state: bytes
) -> None:
    await set(gopher)
    redis.hset(gopher.keys("default")["runs"], "s", state)

    assert (await row(gopher)).state == "active"
    assert (await gopher.tick("default", now=at(FIVE))).made == [id_of(FIVE)]
    assert (await row(gopher)).standing.ran == 1
    assert await gopher.pause_schedule("s", now=at(FIVE))
    assert await gopher.resume_schedule("s", now=at(FIVE))


@pytest.mark.row("S13")
@pytest.mark.parametrize("key", ["schedules", "ticks", "runs"])
async def test_a_key_of_a_foreign_type_stops_its_own_queue_alone(
    gopher: Gopher, redis: Redis, key: str
) -> None:
    for queue in ("broken", "whole"):
        await set(gopher, queue=queue)
    broken = gopher.keys("broken")[key]
    kept = redis.dump(broken)
    redis.delete(broken)
    redis.set(broken, "foreign")

    with pytest.raises(BadData):
        await gopher.tick("broken", now=at(FIVE))
    assert (await gopher.tick("whole", now=at(FIVE))).made == [id_of(FIVE)]
    await gopher.submit_many([builders.job("later", queue="broken", due=1.0)])
    if key == "ticks":
        with pytest.raises(BadData):
            await gopher.promote_due("broken")
        assert (await gopher.inspect("broken", "later")).state == "enqueued", "jobs go on all the same"
    redis.restore(broken, 0, kept, replace=True)
    assert (await gopher.tick("broken", now=at(FIVE))).made == [id_of(FIVE)]


async def test_a_name_that_several_queues_have_wants_its_queue(gopher: Gopher) -> None:
    for queue in ("x", "y"):
        await set(gopher, queue=queue)
    with pytest.raises(Ambiguous, match="x, y"):
        await gopher.pause_schedule("s")

    assert await gopher.pause_schedule("s", "x")
    assert [(found.queue, found.state) for found in await gopher.schedules()] == [
        ("x", "paused"), ("y", "active"),
    ]  # fmt: skip
    with pytest.raises(NotFound):
        await gopher.pause_schedule("nobody")
    with pytest.raises(NotFound):
        await gopher.schedules("nobody")


async def test_a_queue_has_a_thousand_schedules_at_most(gopher: Gopher, redis: Redis) -> None:
    await set(gopher, name="mine")
    for n in range(MOST - 1):
        put(gopher, redis, f"s{n}", b"1;{}", NOW + builders.day)
    with pytest.raises(Conflict, match="1000 schedules"):
        await set(gopher, name="more")

    assert (await set(gopher, name="mine", every=60)).change == "changed"
    assert len(await gopher.schedules("default")) == MOST
    assert (await gopher.tick("default", now=at(builders.minute))).made == [id_of(builders.minute, "mine")]


async def test_a_run_by_hand_is_beside_the_ticks_and_obeys_the_overlap(gopher: Gopher) -> None:
    await set(gopher)
    id = await gopher.run_schedule("s", now=at(1))

    assert id.startswith("s:now:") and (await row(gopher)).next == NOW + FIVE
    with pytest.raises(Conflict, match=id):
        await gopher.run_schedule("s", now=at(2))
    assert (await gopher.tick("default", now=at(FIVE))).made == []
    assert (await row(gopher)).standing.skipped == 1
    await run_all(gopher)
    assert await gopher.run_schedule("s", now=at(FIVE)) != id
    with pytest.raises(NotFound):
        await gopher.run_schedule("nobody")


async def test_a_backfill_makes_the_jobs_of_past_instants_and_no_known_one_again(gopher: Gopher) -> None:
    await set(gopher, overlap="all")
    await gopher.tick("default", now=at(FIVE))
    first, last = NOW / 1000, (NOW + 3 * FIVE) / 1000
    dry = await gopher.backfill("s", first, last, dry_run=True, now=at(builders.hour))
    done = await gopher.backfill("s", first, last, now=at(builders.hour))

    ids = [id_of(n * FIVE) for n in range(4)]
    assert (list(done.made), list(done.known)) == ([ids[0], *ids[2:]], [ids[1]]), "first and last count"
    assert dry == done, "it is foreseen"
    again = await gopher.backfill("s", first, last, again=True, now=at(builders.hour))
    assert [id.rpartition(":")[0] for id in again.made] == ids and not again.known
    assert (await row(gopher)).next == NOW + 2 * FIVE, "ticks are as they were"


async def test_a_backfill_sends_five_hundred_a_call(gopher: Gopher, monkeypatch: pytest.MonkeyPatch) -> None:
    await set(gopher, every=1)
    sizes, run = list[str](), gopher.store.run

    async def counted(call: Any, *rest: Any) -> Any:
        if call.script.name == "submit":
            sizes.append(call.script.name)
        return await run(call, *rest)

    monkeypatch.setattr(gopher.store, "run", counted)
    done = await gopher.backfill("s", (NOW - builders.hour) / 1000, (NOW - 2400_000) / 1000, now=at(0))
    assert len(done.made) == 1201 and len(sizes) == 3


async def test_a_backfill_of_large_payloads_has_few_of_them_in_memory(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set(gopher, every=1, payload="x" * 1_000_000)
    sizes, submit = list[int](), backfill.submit_many

    async def counted(core: Core, jobs: Any, **more: Any) -> Any:
        sizes.append(len(jobs))
        return await submit(core, jobs, **more)

    monkeypatch.setattr(backfill, "submit_many", counted)
    done = await gopher.backfill("s", NOW / 1000 - 9, NOW / 1000, now=at(0))
    assert len(done.made) == 10 and max(sizes) <= 4


async def test_a_backfill_that_ends_halfway_is_written_down_as_far_as_it_came(
    gopher: Gopher, ann: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set(gopher, every=1)
    submit = backfill.submit_many

    async def once(core: Core, jobs: Any, **more: Any) -> Any:
        monkeypatch.setattr(backfill, "submit_many", full)
        return await submit(core, jobs, **more)

    async def full(*_: Any, **__: Any) -> Any:
        raise MemoryFull("the memory is full")

    monkeypatch.setattr(backfill, "submit_many", once)
    with pytest.raises(MemoryFull):
        await gopher.backfill("s", NOW / 1000 - 999, NOW / 1000, now=at(0))
    assert [one.changed for one in await gopher.audit_log() if one.action == "backfill"] == [500]


@pytest.mark.parametrize(
    ("first", "last", "overlap", "field"),
    [(0, 1, "all", "to"), (-10, -20, "all", "to"), (-9e8, -1, "all", "to"), (-20, -10, "serial", "overlap")],
)
async def test_a_backfill_that_makes_no_sense_is_refused(
    gopher: Gopher, first: float, last: float, overlap: str, field: str
) -> None:
    await set(gopher)
    with pytest.raises(BadSchedule) as refused:
        await gopher.backfill("s", NOW / 1000 + first, NOW / 1000 + last, overlap=overlap, now=at(0))
    assert refused.value.field == field


async def test_schedules_that_ran_under_a_clock_far_ahead_count_from_now(
    gopher: Gopher, redis: Redis
) -> None:
    year = 365 * builders.day
    await set(gopher, name="ran", every=60)
    await gopher.tick("default", now=at(year))
    await set(gopher, year, name="new", every=60)
    await set(gopher, name="sane", every=60)
    put(gopher, redis, "mars", of_a_zone("mars"))

    assert sorted(await gopher.restart_ticks("default", now=at(builders.hour))) == ["new", "ran"]
    assert await gopher.restart_ticks("default", now=at(builders.hour)) == []
    rows = {found.name: found.next for found in await gopher.schedules()}
    assert rows["ran"] == rows["new"] == NOW + builders.hour + builders.minute
    assert (await row(gopher, "ran")).standing.history[0].outcome == "restarted"
    log = await gopher.audit_log()
    assert {(one.actor, one.action, one.target) for one in log} == {
        ("gopher", "restart schedule", f"default/{name}") for name in ("new", "ran")
    }


async def test_a_schedule_that_runs_dead_pauses_itself_and_says_so(gopher: Gopher) -> None:
    await set(gopher, pause_after=2)
    paused = list[str]()
    for n in range(1, 5):
        paused += (await gopher.tick("default", now=at(n * FIVE))).paused
        await run_all(gopher)

    found = await row(gopher)
    assert paused == ["s"] and found.state == "paused" and found.standing.ran == 2
    assert found.standing.pause.by == "gopher" and "dead letter queue" in found.standing.pause.reason
    assert (await gopher.audit_log())[0].action == "pause schedule"


@pytest.fixture
async def ann() -> AsyncIterator[None]:
    before = ACTOR.set("ann@host")
    yield
    ACTOR.reset(before)


async def test_every_operation_is_written_down_once(gopher: Gopher, ann: None) -> None:
    await set(gopher)
    await set(gopher)
    await set(gopher, type="other")
    await gopher.pause_schedule("s", reason="deploy", now=at(1))
    await gopher.pause_schedule("s", now=at(1))
    await gopher.resume_schedule("s", now=at(2))
    id = await gopher.run_schedule("s", now=at(3))
    await gopher.backfill("s", NOW / 1000 - 600, NOW / 1000, dry_run=True, now=at(0))
    await gopher.backfill("s", NOW / 1000 - 600, NOW / 1000, now=at(0))
    await gopher.drop_schedule("s")

    log = reversed(await gopher.audit_log())
    assert [(entry.actor, entry.action, entry.target, entry.changed, entry.detail) for entry in log] == [
        ("ann@host", "set schedule", "default/s", 1, "created"),
        ("ann@host", "set schedule", "default/s", 1, "changed"),
        ("ann@host", "pause schedule", "default/s", 1, "deploy"),
        ("ann@host", "resume schedule", "default/s", 1, ""),
        ("ann@host", "run schedule", "default/s", 1, id),
        ("ann@host", "backfill", "default/s", 3, ""),
        ("ann@host", "remove schedule", "default/s", 1, ""),
    ]
