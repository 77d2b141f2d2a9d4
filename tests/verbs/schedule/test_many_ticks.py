"""Many ticks at once: no script keeps the server for long, however many schedules there are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import Spec
from gopher_cli.model.schedule.recurrence import Recurrence
from gopher_cli.model.schedule.schedule import MOST, Schedule
from gopher_cli.store.asks.schedules import encode_definition
from gopher_cli.store.keyspace import fleet_key
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url
from verbs.schedule.test_schedules import NOW, at

pytestmark = pytest.mark.anyio

SLOW = 5000  # microseconds
TRIES = 5  # the machine may be busy with other things


@pytest.fixture
async def alone(own_redis_url: str, namespace: str) -> AsyncIterator[tuple[Gopher, Redis]]:
    """A Gopher on a server that nobody else uses now, which notes what is slow."""
    store = RedisStore(parse_url(own_redis_url), timeout=60.0)
    with Redis.from_url(own_redis_url) as redis:
        redis.config_set("slowlog-log-slower-than", SLOW)
        async with Gopher(store=store, namespace=namespace) as gopher:
            yield gopher, redis
        redis.flushall()


def define(gopher: Gopher, redis: Redis, count: int, due: int, catchup: str = "once") -> None:
    """So many schedules, of which some are due at the same moment."""
    keys = gopher.keys("default")
    redis.sadd(fleet_key(gopher.namespace, "queues"), "default")
    redis.delete(keys["schedules"], keys["ticks"], keys["runs"])
    pipe = redis.pipeline()
    for n in range(count):
        schedule = Schedule(
            name=f"s{n}", queue="default", spec=Spec("mail", msgspec.Raw(b'{"of":%d}' % n)),
            when=Recurrence(every=60), overlap="all", catchup=catchup,
        )  # fmt: skip
        pipe.hset(keys["schedules"], schedule.name, b"1;" + encode_definition(schedule))
        pipe.hset(keys["runs"], schedule.name, f"0;0;0;{NOW};;;;\n")
        pipe.zadd(keys["ticks"], {schedule.name: NOW + (60_000 if n < due else 3_600_000)})
    pipe.execute()


@pytest.mark.parametrize(
    ("count", "due", "catchup", "minutes"),
    [(100, 100, "once", 1), (MOST, 100, "once", 1), (MOST, 1, "once", 1), (1, 1, "all:100", 100)],
    ids=["100 of 100", "100 of 1000", "1 of 1000", "100 jobs a tick"],
)
async def test_no_script_is_slow_however_many_ticks_are_due(
    alone: tuple[Gopher, Redis], count: int, due: int, catchup: str, minutes: int
) -> None:
    gopher, redis = alone
    for _ in range(TRIES):
        define(gopher, redis, count, due, catchup)
        redis.slowlog_reset()
        made = (await gopher.tick("default", now=at(60_000 * minutes))).made
        assert len(made) == due * minutes
        slow = [entry for entry in redis.slowlog_get() if entry["command"].startswith(b"EVAL")]
        if not slow:
            return
        redis.unlink(*redis.keys(f"{gopher.namespace}:*"))
    raise AssertionError(f"{TRIES} times a script took longer than {SLOW} us: {slow}")


async def test_ticks_of_large_payloads_are_sent_a_few_at_a_time(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        name = f"s{number}"
        await gopher.set_schedule(
            name, "x", "y" * 900_000, every=60, catchup="all:2", overlap="all", now=at(0)
        )
    sizes, run_many = list[int](), gopher.store.run_many

    async def counted(some: Any, *rest: Any) -> Any:
        sizes.append(len(some))
        return await run_many(some, *rest)

    monkeypatch.setattr(gopher.store, "run_many", counted)
    made = (await gopher.tick("default", now=at(120_000))).made
    assert len(made) == 16 and max(sizes) == 3


async def test_whether_a_clock_was_wrong_is_seen_without_reading_what_schedules_are(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await gopher.set_schedule(f"s{number}", "x", every=60, now=at(0))
    asked, ask = list[Any](), gopher.store.ask

    async def noted(wanted: Any, *rest: Any) -> Any:
        asked.extend(command[1] for command in wanted.commands if len(command) > 1)
        return await ask(wanted, *rest)

    monkeypatch.setattr(gopher.store, "ask", noted)
    assert await gopher.restart_ticks("default", now=at(0)) == []
    assert asked == [gopher.keys("default")["runs"]]
