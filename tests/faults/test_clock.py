"""Clocks that are wrong: the server's jumps and wavers, a worker's is a day off. Nobody loses a job by it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from awake_clock import awake, clock
from faults.conftest import SHORT
from faults.scene import CALM, Scene
from faults.shims import Control
from servers import Server, binaries_found, own_server
from worker.processes import ends, until

pytestmark = pytest.mark.anyio

KINDS = list(binaries_found())
HOUR, DAY, YEAR = 3600.0, 86_400.0, 365 * 86_400.0
JUMPS = [*((kind, HOUR) for kind in KINDS), (KINDS[0], -HOUR), (KINDS[0], YEAR)]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    kind = getattr(request, "param", KINDS[0])
    with own_server(binaries_found()[kind], shims=["clock"]) as one:
        yield one


def leases(scene: Scene) -> list[float]:
    """For how many more seconds each running job is leased, by the server's clock."""
    now = scene.redis.time()[0] * 1000
    key = scene.gopher.keys("default")["running"]
    return [(end - now) / 1000 for _, end in scene.redis.zrange(key, 0, -1, withscores=True)]


def taken_away(scene: Scene) -> int:
    return scene.count("lost") + scene.count("released")


@pytest.mark.row("R18")
@pytest.mark.parametrize(("server", "seconds"), JUMPS, indirect=["server"])
async def test_a_clock_that_jumps_takes_no_job_from_a_living_worker(
    scene: Scene, seconds: float, tmp_path: Path
) -> None:
    scene.worker("-c", "20", **CALM | {"GOPHER_HEARTBEAT": "2s"})
    held = await scene.submit("hold", 20, {"until": str(tmp_path / "go")})
    await scene.started(held)
    scene.worker("-c", "1", GOPHER_LEASE="30s", GOPHER_HEARTBEAT="10s")  # would like to have them, in 6 s

    scene.server.set_clock(seconds)
    # No look finds them expired any more, and none has found them twice.
    await until(lambda: len(leases(scene)) == 20 and all(5 < left <= 16 for left in leases(scene)))

    assert taken_away(scene) == 0, "0 of 20"
    (tmp_path / "go").touch()
    verdict = await scene.ends_well()
    assert (verdict.extra_runs, taken_away(scene)) == (0, 0)


@pytest.mark.row("R18")
async def test_a_clock_that_wavers_takes_no_job_and_stops_no_work(scene: Scene, tmp_path: Path) -> None:
    """10 s to and fro, each second: by the server's clock every lease ends again and again."""
    scene.worker("-c", "10", **CALM)
    scene.worker("-c", "2", **CALM)
    held = await scene.submit("hold", 8, {"until": str(tmp_path / "go")})
    await scene.started(held)

    for seconds in (10, -10, 10, -10, 10, 0):
        next_one = time.monotonic() + 1
        scene.server.set_clock(seconds)
        await scene.submit("quick", 20)
        await asyncio.sleep(max(0.0, next_one - time.monotonic()))

    assert taken_away(scene) == 0
    (tmp_path / "go").touch()
    assert (await scene.ends_well()).extra_runs == 0


@pytest.mark.row("R18")
async def test_a_jump_forward_starts_what_is_due_once(scene: Scene) -> None:
    scene.worker("-c", "4")
    due = await scene.submit("quick", 30, delay=1800.0)
    not_due = await scene.submit("quick", delay=3 * HOUR)

    scene.server.set_clock(HOUR)

    await until(lambda: set(due) <= {run.id for run in scene.ledger.ends()})
    assert set(scene.ledger.times().values()) == {1}
    assert not_due[0] not in scene.ledger.times()
    scene.server.set_clock(4 * HOUR)
    await scene.ends_well()
    assert set(scene.ledger.times().values()) == {1}


@pytest.mark.row("R18")
async def test_a_lease_from_before_a_jump_back_does_not_last_for_an_hour(
    scene: Scene, tmp_path: Path
) -> None:
    """Its worker is dead, and it would end in an hour by the clock that is right again."""
    scene.server.set_clock(HOUR)
    first = scene.worker("-c", "4", **SHORT)
    (id,) = await scene.submit("hold", payload={"until": str(tmp_path / "go")})
    await scene.started([id])
    first.kill()
    scene.server.set_clock(0)
    began = clock()

    scene.worker("-c", "4", **SHORT)

    await until(lambda: len(scene.ledger.starts(id)) == 2)
    assert awake(began) < 60
    (tmp_path / "go").touch()
    assert (await ends(scene.gopher, id)).attempts == 1
    await scene.ends_well()


@pytest.mark.row("R19")
@pytest.mark.parametrize("seconds", [DAY, -DAY])
async def test_a_worker_whose_clock_is_a_day_off_works_as_any_other(
    scene: Scene, seconds: float, tmp_path: Path
) -> None:
    theirs = Control(tmp_path / "clock")
    theirs.set_clock(seconds)
    wrong = theirs.environ(["clock"])
    scene.worker("-c", "4", **wrong)
    now = await scene.submit("quick", 20)
    again = await scene.submit("flaky", 5, {"fails": 1})
    not_due = await scene.submit("quick", delay=HOUR)

    began = clock()
    environ = scene.fleet.environ | wrong | {"REDIS_URL": scene.server.url}
    words = [sys.executable, "-m", "gopher_cli", "submit", "-q", "-t", "quick", "--in", "1s"]
    said = await asyncio.to_thread(
        subprocess.run, words, env=environ, capture_output=True, text=True, check=True
    )
    soon = said.stdout.strip()
    scene.ledger.accept(soon)

    assert (await ends(scene.gopher, soon)).attempts == 1
    assert awake(began) < 60, "a delay is counted by the server's clock"
    await until(lambda: {*now, *again} <= {run.id for run in scene.ledger.ends()})
    assert not_due[0] not in scene.ledger.times()
    assert len(await scene.gopher.workers()) == 1, "it is seen, and seen alive"
    await scene.gopher.retry("default", not_due)
    assert (await scene.ends_well()).extra_runs == 0
