"""The server says nothing for a while: it stands still, loads its data, or is busy with a foreign script."""

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
from redis import Redis
from redis.exceptions import RedisError
from servers import Server, binaries_found, own_server
from worker.processes import ends, until

from gopher_cli.model.errors import TryLater

pytestmark = pytest.mark.anyio

KINDS = list(binaries_found())
BALLAST = 40_000  # keys that make a load last


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    kind = getattr(request, "param", KINDS[0])
    with own_server(binaries_found()[kind]) as one:
        yield one


async def command(scene: Scene, *words: str) -> subprocess.CompletedProcess[str]:
    environ = scene.fleet.environ | {"REDIS_URL": scene.server.url}
    program = [sys.executable, "-m", "gopher_cli", *words]
    return await asyncio.to_thread(
        subprocess.run, program, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.row("R4")
async def test_a_server_that_stands_still_for_less_than_a_lease_costs_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    """What was sent meanwhile is executed when it wakes, and sent again by then: it counts once."""
    one = scene.worker("-c", "4", REDIS_TIMEOUT="2s", **CALM)
    held = await scene.submit("hold", 2, {"until": str(tmp_path / "go")})
    await scene.started(held)
    quick = await scene.submit("quick", 300)
    await until(lambda: scene.ledger.ends())

    scene.server.stop()
    submitting = asyncio.create_task(scene.gopher.submit("quick", {}, id="while-it-stands"))
    (tmp_path / "go").touch()
    await asyncio.to_thread(one.heard, "it did not answer in time")  # after 2 s
    scene.server.cont()

    assert await submitting == "while-it-stands"
    scene.ledger.accept("while-it-stands")
    assert (await scene.ends_well()).extra_runs == 0
    assert {scene.ledger.times()[id] for id in (*held, *quick, "while-it-stands")} == {1}


@pytest.mark.row("R4")
async def test_a_server_that_stands_still_for_two_leases_finds_no_job_running_twice(
    scene: Scene, tmp_path: Path
) -> None:
    for _ in range(2):
        scene.worker("-c", "4", **SHORT)
    held = await scene.submit("hold", 6, {"until": str(tmp_path / "go")})
    await scene.started(held)

    scene.server.stop()
    stopped = clock()
    await until(lambda: not scene.ledger.open())
    assert awake(stopped) < 30, "each was stopped at about the end of its lease of 3 s"
    await asyncio.sleep(max(0.0, stopped + 6 - time.monotonic()))
    scene.server.cont()

    await until(lambda: all(len(scene.ledger.starts(id)) >= 2 for id in held))
    assert not scene.ledger.overlaps()
    (tmp_path / "go").touch()
    for id in held:
        assert (await ends(scene.gopher, id)).attempts == 1
    await scene.ends_well()


@pytest.mark.row("R5")
async def test_a_server_that_loads_its_data_for_long_is_waited_for(scene: Scene) -> None:
    one = scene.worker("-c", "4", **CALM)
    await scene.submit("quick", 100)
    pipe = scene.redis.pipeline(transaction=False)
    for n in range(BALLAST):
        pipe.set(f"ballast:{n}", n)
    pipe.execute()
    scene.server.kill()
    scene.server.start("--key-load-delay", "900", wait=False)
    await until(lambda: _loading(scene))

    health, submit = await asyncio.gather(command(scene, "health"), command(scene, "submit", "-t", "quick"))
    assert _loading(scene), "it loads until now"
    assert submit.returncode == 75 and "loading" in submit.stderr
    assert health.returncode and "Traceback" not in health.stderr + submit.stderr

    scene.server.restart()  # and now quickly
    scene.redis.delete(*(f"ballast:{n}" for n in range(BALLAST)))
    await scene.ends_well()
    assert one.process.poll() is None, "it has waited"
    assert len([line for line in one.said if "loading" in line]) <= 6, "and has not said so at every look"


@pytest.mark.row("R10")
async def test_a_script_of_somebody_else_that_blocks_the_server_costs_no_job(
    scene: Scene, tmp_path: Path
) -> None:
    scene.redis.config_set("lua-time-limit", 200)
    one = scene.worker("-c", "4", **CALM | {"GOPHER_LEASE": "60s"})
    held = await scene.submit("hold", 2, {"until": str(tmp_path / "go")})
    await scene.started(held)
    await scene.submit("quick", 100)
    blocking = asyncio.create_task(asyncio.to_thread(_spin, scene))
    await until(lambda: _busy(scene))

    with pytest.raises(TryLater, match="busy with a long script"):
        await scene.gopher.submit("quick", {})
    said = await command(scene, "submit", "-t", "quick")
    assert said.returncode == 75 and "SCRIPT KILL" in said.stderr
    (tmp_path / "go").touch()
    one.heard("busy with a long script")
    scene.redis.script_kill()
    await blocking

    assert (await scene.ends_well()).extra_runs == 0
    one.heard("Redis takes all writes again")


def _spin(scene: Scene) -> None:
    """Writes nothing, so that it can be ended."""
    with Redis.from_url(scene.server.url) as client, pytest.raises(RedisError):
        client.eval("while true do end", 0)


def _busy(scene: Scene) -> bool:
    try:
        scene.redis.get("x")
    except RedisError as error:
        return "busy" in str(error).lower()
    return False


def _loading(scene: Scene) -> bool:
    try:
        scene.redis.ping()
    except RedisError as error:
        return "loading" in str(error).lower()
    return False
