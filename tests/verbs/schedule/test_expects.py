"""Expects: what jobs of a type are expected to succeed, and whether they did."""

from __future__ import annotations

from typing import Any

import builders
import pytest
from redis import Redis

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Ambiguous, BadData, Conflict, MemoryFull, NotFound, Refused, Usage
from gopher_cli.model.schedule.expect import MOST, Expect
from gopher_cli.store import calls
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.last_of_type import last_of_type
from gopher_cli.verbs.schedule import expects

pytestmark = pytest.mark.anyio
DAY = 86_400.0


async def done(
    gopher: Gopher, *, ago: int = 0, outcome: Any = None, retention: float = 7 * DAY, **job: Any
) -> str:
    """A job has run and ended so many ms ago."""
    one = builders.job(**job)
    await gopher.submit_many([one])
    token = f"w.0:{next(builders._numbers)}"
    batch = await gopher.reserve(
        one.queue, worker="w.0", token=token, sequence=next(builders._numbers), count=1
    )
    (lease,) = batch.leases
    settlement = builders.settlement(lease, outcome or builders.success(), retention=retention)
    assert await gopher.settle("w.0", [settlement], now=str(batch.now - ago) if ago else "") == ["settled"]
    return one.id


async def test_what_is_expected_is_listed_by_queue_and_name(gopher: Gopher) -> None:
    await gopher.expect("nightly", "report", 90_000, queue="b", grace=60)
    await gopher.expect("weekly", "mail", 7 * DAY, queue="a")
    await gopher.expect("nightly", "mail", DAY, queue="a")

    found = await gopher.expects()

    assert [(one.queue, one.name, one.type) for one in found] == [
        ("a", "nightly", "mail"), ("a", "weekly", "mail"), ("b", "nightly", "report"),
    ]  # fmt: skip
    assert [one.state for one in found] == ["waiting"] * 3
    assert (found[2].every, found[2].grace) == (90_000, 60)
    assert [one.name for one in await gopher.expects("b")] == ["nightly"]
    assert await gopher.queues() == ["a", "b"], "whoever feeds it may come later"


async def test_without_a_queue_it_is_the_usual_one(gopher: Gopher) -> None:
    assert (await gopher.expect("nightly", "mail", DAY)).expect.queue == "default"


async def test_the_same_again_changes_nothing(gopher: Gopher) -> None:
    first = await gopher.expect("nightly", "mail", DAY)
    again = await gopher.expect("nightly", "mail", DAY)

    assert (first.word, again.word) == ("new", "same")
    assert first.expect.created == again.expect.created
    assert (await gopher.expect("nightly", "mail", 2 * DAY)).word == "changed"


async def test_it_counts_from_the_newest_success_that_is_still_known(gopher: Gopher) -> None:
    await done(gopher, ago=3 * builders.hour)
    await done(
        gopher, ago=2 * builders.hour, retention=DAY
    )  # it stands before the other: its retention ends sooner
    await done(gopher, ago=builders.hour, type="report")
    await done(gopher, ago=builders.minute, outcome=builders.discard())

    declared = await gopher.expect("often", "mail", 3600)

    one = declared.expect
    assert 2 * builders.hour <= one.now - one.last_success < 2 * builders.hour + builders.minute
    assert one.state == "late" and 3600 <= one.late_seconds < 3660
    assert (await gopher.expects())[0].last_success == one.last_success


async def test_a_success_that_comes_while_it_is_declared_is_not_missed(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await done(gopher, ago=2 * builders.hour)
    look = expects._success_of

    async def meanwhile(core: Core, queue: str, type: str) -> Any:
        found = await look(core, queue, type)
        await done(gopher)
        return found

    monkeypatch.setattr(expects, "_success_of", meanwhile)
    one = (await gopher.expect("often", "mail", 3600)).expect

    assert one.now - one.last_success < builders.minute
    assert one.state == "on_time"


async def test_a_declaration_that_was_broken_off_looks_for_a_success_when_it_comes_again(
    gopher: Gopher,
) -> None:
    await done(gopher, ago=builders.hour)
    wanted = Expect(queue="default", name="often", type="mail", every=60.0)
    await gopher.store.run(calls.expect(gopher.keys("default"), wanted))
    assert (await gopher.expects())[0].last_success == 0

    assert (await gopher.expect("often", "mail", 60)).word == "same"
    assert (await gopher.expects())[0].last_success > 0


async def test_purged_jobs_take_the_last_success_not_along(gopher: Gopher) -> None:
    await gopher.expect("often", "mail", 60)
    id = await done(gopher, retention=0.0)
    assert builders.words(await gopher.delete("default", [id])) == {id: "gone"}
    other = await done(gopher)
    assert builders.words(await gopher.delete("default", [other])) == {other: "deleted"}

    (one,) = await gopher.expects()

    assert one.state == "on_time" and one.last_success


async def test_what_is_dropped_is_expected_no_longer(gopher: Gopher, redis: Redis) -> None:
    await gopher.expect("nightly", "mail", DAY)

    assert (await gopher.drop_expect("nightly")).name == "nightly"
    assert await gopher.expects() == []
    with pytest.raises(NotFound, match="no expect 'nightly'"):
        await gopher.drop_expect("nightly")
    keys = gopher.keys("default")
    assert not redis.exists(keys["expects"], keys["last_success"])


async def test_a_name_in_several_queues_needs_its_queue(gopher: Gopher) -> None:
    await gopher.expect("nightly", "mail", DAY, queue="a")
    await gopher.expect("nightly", "mail", DAY, queue="b")

    with pytest.raises(Ambiguous, match="several queues have an expect 'nightly': a, b") as told:
        await gopher.drop_expect("nightly")
    assert told.value.hint == "name the queue: -Q a"
    assert (await gopher.drop_expect("nightly", "b")).queue == "b"
    assert [one.queue for one in await gopher.expects()] == ["a"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a b"}, {"type": "two words"}, {"type": ""}, {"every": 0.5}, {"every": 11 * 365 * DAY},
        {"grace": -1.0}, {"queue": "a b"},
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_and_leaves_nothing(gopher: Gopher, wrong: Any) -> None:
    with pytest.raises(Usage):
        await gopher.expect(**({"name": "nightly", "type": "mail", "every": DAY} | wrong))
    assert await gopher.queues() == []


async def test_a_thousand_of_a_queue_are_enough(gopher: Gopher, redis: Redis) -> None:
    await gopher.expect("e", "mail", DAY)
    line = redis.hget(gopher.keys("default")["expects"], "e")
    redis.hset(gopher.keys("default")["expects"], mapping={f"e{n}": line for n in range(MOST - 1)})

    with pytest.raises(Refused, match="1000 expects") as told:
        await gopher.expect("one-more", "mail", DAY)
    assert "gopher expect rm NAME -Q default" in told.value.hint
    assert (await gopher.expect("e7", "mail", 60)).word == "changed"
    assert (await gopher.expect("elsewhere", "mail", DAY, queue="other")).word == "new"


async def test_a_queue_of_which_something_is_expected_is_not_removed(gopher: Gopher) -> None:
    await gopher.expect("nightly", "mail", DAY, queue="mail")

    with pytest.raises(Conflict, match="jobs are expected in the queue mail: it has 1 expect"):
        await gopher.remove_queue("mail")
    assert [one.name for one in await gopher.expects("mail")] == ["nightly"]
    await gopher.drop_expect("nightly")
    await gopher.remove_queue("mail")
    assert await gopher.queues() == []


async def test_an_unknown_queue_is_not_found(gopher: Gopher) -> None:
    with pytest.raises(NotFound, match="no queue mial"):
        await gopher.expects("mial")


async def test_a_queue_with_foreign_keys_hides_no_other(gopher: Gopher, redis: Redis) -> None:
    await gopher.expect("nightly", "mail", DAY, queue="good")
    await gopher.announce(["bad"])
    redis.set(gopher.keys("bad")["expects"], "theirs")

    assert [one.queue for one in await gopher.expects()] == ["good"]
    with pytest.raises(BadData):
        await gopher.expects("bad")
    redis.delete(gopher.keys("bad")["expects"])


async def test_where_memory_is_full_none_is_declared_and_any_may_go(
    own_redis_url: str, namespace: str
) -> None:
    store = RedisStore(parse_url(own_redis_url), timeout=60.0)
    async with Gopher(store=store, namespace=namespace) as gopher:
        await gopher.expect("old", "mail", DAY)
        with Redis.from_url(own_redis_url) as redis:
            redis.config_set("maxmemory", 1)
            try:
                with pytest.raises(MemoryFull) as told:
                    await gopher.expect("new", "mail", DAY)
                assert told.value.exit_code == 75
                assert [one.name for one in await gopher.expects()] == ["old"]
                await gopher.drop_expect("old")
                assert await gopher.expects() == []
            finally:
                redis.config_set("maxmemory", 0)


async def test_it_is_written_down_who_expects_what(gopher: Gopher) -> None:
    before = ACTOR.set("ann@web")
    try:
        await gopher.expect("nightly", "mail", 90_000, grace=60)
        await gopher.expect("nightly", "mail", 90_000, grace=60)
        await gopher.drop_expect("nightly")
    finally:
        ACTOR.reset(before)

    said = [(one.actor, one.action, one.target, one.changed, one.detail) for one in await gopher.audit_log()]
    assert said[::-1] == [
        ("ann@web", "expect", "default/nightly", 1, "mail every 1d1h (grace 1m)"),
        ("ann@web", "drop expect", "default/nightly", 1, ""),
    ]


async def test_the_newest_job_of_a_type_and_its_last_success(gopher: Gopher) -> None:
    success = await done(gopher, ago=builders.hour)
    dead = await done(gopher, ago=builders.minute, outcome=builders.discard())

    found = await last_of_type(gopher, "mail")

    assert found.job and found.success
    assert (found.job.id, found.job.state, found.success.id) == (dead, "failed", success)
    assert found.last_success == found.success.at


async def test_the_last_success_is_known_where_its_job_is_gone_and_was_expected(gopher: Gopher) -> None:
    await gopher.expect("nightly", "mail", DAY)
    await done(gopher, retention=0.0)

    found = await last_of_type(gopher, "mail", "default")

    assert (found.job, found.success) == (None, None)
    assert found.last_success == (await gopher.expects())[0].last_success > 0


async def test_of_a_type_that_nobody_has_seen_there_is_no_last_one(gopher: Gopher) -> None:
    await done(gopher)
    await gopher.expect("nightly", "report", DAY)

    with pytest.raises(NotFound, match="no job of the type report is known in the queue default"):
        await last_of_type(gopher, "report", "default")
    with pytest.raises(Usage, match="the type"):
        await last_of_type(gopher, "two words")
