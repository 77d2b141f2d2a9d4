"""Ticks by the hour: what nobody has ticked, what is edited meanwhile, and runs that take too long."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import builders
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.store import calls
from verbs.schedule.test_schedules import FIVE, NOW, at, id_of, row, set
from verbs.test_requeue import fail

pytestmark = pytest.mark.anyio


def made(redis: Redis, gopher: Gopher, name: str = "s") -> list[str]:
    """The ids of all jobs that a schedule has made, in order."""
    ids = (id.decode() for id in redis.hkeys(gopher.keys("default")["meta"]))
    return sorted(id for id in ids if id.startswith(f"{name}:"))


@pytest.mark.row("S4")
@pytest.mark.parametrize(
    ("policy", "ran"),
    [
        ({"catchup": "skip"}, []),
        ({"catchup": "once"}, [60]),
        ({"catchup": "once", "within": 300}, [60]),
        ({"catchup": "once", "within": 59}, []),
        ({"catchup": "all:3", "overlap": "all"}, [50, 55, 60]),
    ],
)
async def test_of_an_hour_without_tickers_so_much_runs_as_the_catchup_says_and_all_is_counted(
    gopher: Gopher, redis: Redis, policy: dict[str, Any], ran: list[int]
) -> None:
    """From five past on; it is a minute past the next full hour when somebody looks again."""
    back = builders.hour + builders.minute
    await set(gopher, cron="*/5 * * * *", **policy)
    await set(gopher, name="daily", cron="30 22 * * *", **policy)
    ticks = await gopher.tick("default", now=at(back))

    wanted = [id_of(minute * builders.minute) for minute in ran]
    assert made(redis, gopher) == wanted and [id for id in ticks.made if id.startswith("s:")] == wanted
    found = (await row(gopher)).standing
    assert (found.ran, found.missed, found.skipped) == (len(ran), 12 - len(ran), 0)
    assert (await row(gopher)).next == NOW + builders.hour + FIVE
    daily = (await row(gopher, "daily")).standing
    late = policy["catchup"] == "skip" or policy.get("within") in (59, 300)
    assert (daily.ran, daily.missed) == ((0, 1) if late else (1, 0))
    assert (await gopher.tick("default", now=at(back))).made == []


@pytest.mark.row("S12")
async def test_a_thousand_edits_while_it_ticks_double_no_instant_and_lose_none_of_an_unchanged_when(
    gopher: Gopher, redis: Redis
) -> None:
    """A hundred edits for each second of ten, which three tickers see at once."""
    for name in ("same", "moved"):
        await set(gopher, name=name, every=1, overlap="all", catchup="all:100")
    clock = 0

    async def tick() -> None:
        while clock < 10_500:
            await gopher.tick("default", now=at(clock))

    tickers = [asyncio.create_task(tick()) for _ in range(3)]
    for n in range(1050):
        clock = n * 10
        if n % 2:
            every = 1 + n // 2 % 2  # of those at odd seconds some are not asked for
            await set(gopher, clock, name="moved", every=every, overlap="all", catchup="all:100")
        else:
            await set(
                gopher, clock, name="same", every=1, overlap="all", catchup="all:100", priority=n // 2 % 9
            )
    clock = 10_500
    await asyncio.gather(*tickers)

    assert made(redis, gopher, "same") == [id_of(second * 1000, "same") for second in range(1, 11)]
    for name in ("same", "moved"):
        found = (await row(gopher, name)).standing
        assert (found.ran, found.missed) == (len(made(redis, gopher, name)), 0), name
    assert len(made(redis, gopher, "moved")) >= 5


async def begin(gopher: Gopher, ms: int, worker: str = "w") -> Any:
    """The next job begins to run there."""
    number = next(builders._numbers)
    fetch = {"worker": worker, "token": f"{worker}:{number}:t", "sequence": number, "count": 1}
    (lease,) = (await gopher.reserve("default", **fetch, now=at(ms))).leases
    return lease


@pytest.mark.parametrize(("overlap", "ran"), [("skip", [1, 5]), ("all", [1, 2, 3, 4, 5])])
async def test_while_a_run_takes_three_periods_the_others_are_skipped_or_run_beside_it(
    gopher: Gopher, redis: Redis, overlap: str, ran: list[int]
) -> None:
    await set(gopher, overlap=overlap)
    await gopher.tick("default", now=at(FIVE))
    lease = await begin(gopher, FIVE)
    for n in (2, 3, 4):
        await gopher.tick("default", now=at(n * FIVE))
    await gopher.settle("w", [builders.settlement(lease, builders.success())], now=at(4 * FIVE + 1))
    await gopher.tick("default", now=at(5 * FIVE))

    assert made(redis, gopher) == [id_of(n * FIVE) for n in ran]
    found = (await row(gopher)).standing
    assert (found.ran, found.skipped, found.missed) == (len(ran), 5 - len(ran), 0)


async def reclaim(gopher: Gopher, ms: int, expiries: Sequence[str] = ()) -> list[str]:
    """One look for leases that have ended; which there are."""
    call = calls.reclaim(gopher.keys("default"), expiries, max_losses=3, lease_ms=15_000, now=at(ms))
    return (await gopher.store.run(call)).over


@pytest.mark.parametrize(("overlap", "ran"), [("skip", 1), ("all", 4)])
async def test_a_run_that_is_lost_with_its_worker_is_unfinished_until_it_has_run_again(
    gopher: Gopher, redis: Redis, overlap: str, ran: int
) -> None:
    await set(gopher, overlap=overlap)
    await gopher.tick("default", now=at(FIVE))
    await begin(gopher, FIVE, "dead")
    expired = await reclaim(gopher, 2 * FIVE)
    await gopher.tick("default", now=at(2 * FIVE))
    await reclaim(gopher, 2 * FIVE, expired)
    await gopher.tick("default", now=at(3 * FIVE))
    again = await begin(gopher, 3 * FIVE, "alive")
    await gopher.tick("default", now=at(4 * FIVE))

    assert again.id == id_of(FIVE) and again.losses == 1
    assert len(made(redis, gopher)) == ran
    await gopher.settle("alive", [builders.settlement(again, builders.success())], now=at(4 * FIVE))
    assert (await gopher.tick("default", now=at(5 * FIVE))).made == [id_of(5 * FIVE)]


async def test_a_paused_queue_gathers_one_run_and_not_a_thousand(gopher: Gopher, redis: Redis) -> None:
    await set(gopher, every=60)
    await gopher.pause("default")
    for n in range(1, 1001):
        await gopher.tick("default", now=at(n * builders.minute))
    assert made(redis, gopher) == [id_of(builders.minute)]
    found = (await row(gopher)).standing
    assert (found.ran, found.skipped, len(found.history)) == (1, 999, 2)

    await gopher.pause("default", paused=False)
    assert await fail(gopher, 9) == [id_of(builders.minute)]
    assert (await gopher.tick("default", now=at(1001 * builders.minute))).made == [
        id_of(1001 * builders.minute)
    ]


async def test_what_waits_for_its_next_attempt_or_its_time_is_unfinished(
    gopher: Gopher, redis: Redis
) -> None:
    await set(gopher, jitter=3 * 3600)
    assert len((await gopher.tick("default", now=at(FIVE))).made) == 1
    assert (await gopher.tick("default", now=at(2 * FIVE))).made == []
    await gopher.retry("default", made(redis, gopher), source="scheduled")
    await fail(gopher, 1, delay=3600.0, now=at(2 * FIVE))
    assert (await gopher.tick("default", now=at(3 * FIVE))).made == []

    await gopher.cancel("default", made(redis, gopher))
    assert len((await gopher.tick("default", now=at(4 * FIVE))).made) == 1
