"""Schedules under faults: each instant makes one job, whoever dies, and whatever the server's clock says."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

import httpx2
import pytest
from awake_clock import awake, clock
from faults.scene import CALM, Scene
from faults.serving import Serve
from faults.test_memory import fill
from faults.tickers import TICKERS
from redis import Redis
from servers import Server, binaries_found, own_server
from worker.processes import TESTS, until

from gopher_cli.gopher import Gopher
from gopher_cli.model.schedule.cron import parse_cron
from gopher_cli.model.schedule.recurrence import compact

pytestmark = pytest.mark.anyio

HOUR, YEAR = 3600.0, 365 * 86_400.0
START = 1_700_000_040  # a full minute


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server(next(iter(binaries_found().values())), shims=["clock"]) as one:
        yield one


def ids_of(redis: Redis, gopher: Gopher, name: str = "s") -> list[str]:
    ids = (id.decode() for id in redis.hkeys(gopher.keys("default")["meta"]))
    return sorted(id for id in ids if id.startswith(f"{name}:"))


async def killed(url: str, namespace: str, last: int, *zones: str) -> int:
    """Let eight tickers race until then; how many of them were killed."""
    words = [sys.executable, "-m", "faults.tickers", url, namespace, str(last * 1000), *zones]
    environ = os.environ | {"PYTHONPATH": f"{TESTS}:{TESTS.parent}"}
    told = await asyncio.to_thread(
        subprocess.run, words, env=environ, capture_output=True, text=True, check=False
    )
    assert not told.returncode, told.stderr
    return int(told.stdout)


@pytest.mark.row("S3")
async def test_of_eight_tickers_that_are_killed_before_and_after_a_tick_each_instant_has_one_job(
    gopher: Gopher, redis: Redis, redis_url: str, namespace: str
) -> None:
    await gopher.set_schedule("s", "mail", every=60, overlap="all", catchup="all:100", now=str(START * 1000))

    assert await killed(redis_url, namespace, START + 200 * 60) == 2 * TICKERS
    made = ids_of(redis, gopher)
    assert made == [f"s:{compact(START + 60 * n)}" for n in range(1, len(made) + 1)] and len(made) >= 200
    found = (await gopher.schedule_row("s")).standing
    assert (found.ran, found.missed, found.skipped) == (len(made), 0, 0), "and each was counted once"


@pytest.mark.row("S14")
async def test_hosts_that_disagree_on_a_time_zone_make_one_job_of_an_instant(
    gopher: Gopher, redis: Redis, redis_url: str, namespace: str, tmp_path: Path
) -> None:
    """To half of them it is in Berlin as late as in Kathmandu. Who ticks says what is next."""
    (tmp_path / "Europe").mkdir()
    other = resources.files("tzdata.zoneinfo.Asia").joinpath("Kathmandu").read_bytes()
    (tmp_path / "Europe" / "Berlin").write_bytes(other)
    await gopher.set_schedule(
        "s",
        "mail",
        cron="0 3 * * *",
        tz="Europe/Berlin",
        overlap="all",
        catchup="all:9",
        now=str(START * 1000),
    )
    await killed(redis_url, namespace, START + 100 * 86_400, str(tmp_path))

    made, found = ids_of(redis, gopher), (await gopher.schedule_row("s")).standing
    both = {parse_cron("0 3 * * *", zone) for zone in ("Europe/Berlin", "Asia/Kathmandu")}
    instants = {compact(at) for cron in both for at in cron.between(START, START + 101 * 86_400)}
    assert 100 <= len(made) <= 200 and {id.partition(":")[2] for id in made} <= instants
    assert len({id[-7:] for id in made}) == 2, "both have had their say"
    assert (found.ran, found.missed, found.skipped) == (len(made), 0, 0)


@pytest.mark.row("S3")
async def test_an_error_at_a_tick_is_borne_and_the_next_look_ticks(
    gopher: Gopher, redis: Redis, fleet: Any, ends_well: Callable[..., Any]
) -> None:
    await gopher.set_schedule("s", "quick", every=1, overlap="all", catchup="all:100")
    one = fleet("-c", "2", env={"GOPHER_FAILPOINT": "tick.planned:raise:1,tick.sent:raise:2"})
    one.heard("failpoint tick.planned")
    one.heard("failpoint tick.sent")
    await until(lambda: len(ids_of(redis, gopher)) >= 3)

    await gopher.pause_schedule("s")
    assert (await gopher.schedule_row("s")).standing.ran == len(ids_of(redis, gopher))
    assert (await ends_well()).extra_runs == 0


def ticks_of(scene: Scene) -> set[str]:
    """The instants that have jobs, by their ids."""
    return set(ids_of(scene.redis, scene.gopher))


async def ticked_again(scene: Scene, before: set[str], seconds: float = 2.0) -> None:
    """Within so long a job is made that there was not before."""
    began = clock()
    await until(lambda: ticks_of(scene) - before)
    assert awake(began) < seconds


@pytest.fixture(params=["worker", pytest.param("serve", marks=pytest.mark.slow)])
def ticker(request: pytest.FixtureRequest, scene: Scene) -> Callable[[], Any]:
    """One of those that tick, once it is started."""

    def start() -> Any:
        if request.param == "worker":
            return scene.worker("-Q", "elsewhere,default", **CALM)
        return request.getfixturevalue("serve")(scene.server.url)

    return start


async def lawful(scene: Scene) -> None:
    """A look beside a worker that works is no instant: what is broken for good is broken at every look."""

    def holds() -> bool:
        with suppress(AssertionError):
            scene.lawful()
            return True
        return False

    await until(holds)


@pytest.mark.row("S11")
@pytest.mark.parametrize("seconds", [pytest.param(HOUR, marks=pytest.mark.slow), YEAR])
async def test_after_a_clock_far_ahead_nothing_was_a_storm_and_it_ticks_when_that_is_right_again(
    scene: Scene, ticker: Callable[[], Any], seconds: float
) -> None:
    """An hour ahead is no mistake that one could see: what has run until then is not run again."""
    await scene.gopher.set_schedule("s", "mail", every=1, overlap="all")
    ticker()
    await until(lambda: len(ticks_of(scene)) >= 2)

    began = time.monotonic()
    scene.server.set_clock(seconds)
    await ticked_again(scene, ticks_of(scene), 4.0)
    ahead = ticks_of(scene)
    assert (await scene.gopher.schedule_row("s")).standing.missed > seconds / 2, "told, and counted"
    scene.server.set_clock(0)
    if seconds == YEAR:
        await ticked_again(scene, ahead, 4.0)
    else:
        await scene.gopher.tick("default")
        row = await scene.gopher.schedule_row("s")
        assert ticks_of(scene) == ahead and row.next > row.standing.last > time.time() * 1000 + 1e6

    assert len(ticks_of(scene)) <= 2 + 2 * (time.monotonic() - began + 2), "no storm"
    assert (await scene.gopher.schedule_row("s")).standing.ran == len(ticks_of(scene)), "none twice"
    await lawful(scene)


@pytest.mark.row("S11")
async def test_a_clock_that_was_behind_made_nothing_twice_and_it_ticks_when_that_is_right_again(
    scene: Scene, ticker: Callable[[], Any]
) -> None:
    await scene.gopher.set_schedule("s", "mail", every=1, overlap="all")
    ticker()
    await until(lambda: len(ticks_of(scene)) >= 2)

    scene.server.set_clock(-HOUR)
    await asyncio.sleep(0.2)  # what was under way is over
    before = ticks_of(scene)
    await scene.gopher.tick("default")
    await asyncio.sleep(1.2)
    assert ticks_of(scene) == before, "it is not that late yet"
    scene.server.set_clock(0)
    await ticked_again(scene, before, 4.0)

    assert (await scene.gopher.schedule_row("s")).standing.ran == len(ticks_of(scene))
    await lawful(scene)


@pytest.mark.row("S10")
@pytest.mark.slow
async def test_a_memory_that_is_full_over_three_ticks_costs_these_and_then_one_is_caught_up(
    scene: Scene,
) -> None:
    one = scene.worker("-c", "2", **CALM)
    await scene.gopher.set_schedule("s", "quick", every=1)
    await until(lambda: len(ticks_of(scene)) >= 2)
    fill(scene)
    before = ticks_of(scene)
    due = (await scene.gopher.schedule_row("s")).next
    one.heard("memory is full")
    await until(lambda: scene.redis.time()[0] * 1000 > due + 2000)
    assert ticks_of(scene) == before

    scene.redis.delete("ballast")
    scene.redis.config_set("maxmemory", 0)
    await until(lambda: ticks_of(scene) - before)
    await scene.gopher.pause_schedule("s")
    found = await scene.gopher.schedule_row("s")
    missed = [entry for entry in found.standing.history if entry.outcome == "missed"]
    assert len(missed) == 1 and missed[0].count >= 2, "the latest was run"
    assert sum("memory is full" in line for line in one.said) == 1, one.said
    await scene.ends_well()


NIGHTLY = {
    "type": "quick",
    "payload": {},
    "recurring": {"cron_expression": "0 0 * * *", "name": "nightly"},
}


@pytest.mark.row("S11")
@pytest.mark.slow
async def test_a_job_that_was_asked_for_over_http_runs_once_at_midnight_whoever_ticks(
    scene: Scene, serve: Serve
) -> None:
    """Three servers and two workers; the clock of Redis comes to two seconds before midnight."""
    served = [serve(scene.server.url) for _ in range(3)]
    for _ in range(2):
        scene.worker("-c", "2", **CALM)
    async with httpx2.AsyncClient(base_url=served[0].url, timeout=60.0) as client:
        first = await client.post("/api/v1/jobs", json=NIGHTLY)
        again = await client.post("/api/v1/jobs", json=NIGHTLY)
    assert (first.status_code, again.status_code) == (201, 200), first.text
    id = first.json()["job_id"]
    assert again.json()["job_id"] == id and id.startswith("nightly:") and id.endswith("T000000Z")
    assert not ids_of(scene.redis, scene.gopher, "nightly")

    midnight = (await scene.gopher.schedule_row("nightly")).next / 1000
    scene.server.set_clock(midnight - 2 - time.time())
    await until(lambda: id in {run.id for run in scene.ledger.ends()})

    assert ids_of(scene.redis, scene.gopher, "nightly") == [id]
    found = (await scene.gopher.schedule_row("nightly")).standing
    assert (found.ran, found.missed, found.skipped) == (1, 0, 0)
    verdict = await scene.ends_well()
    assert scene.ledger.times()[id] == 1 and verdict.extra_runs == 0
