"""Connections that are killed, scripts that are forgotten, a server with no room for more clients."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from faults.scene import CALM, Scene, Storm
from redis import Redis
from servers import Server, binaries_found, own_server
from worker.processes import children_of, ends, until

pytestmark = pytest.mark.anyio

KINDS = list(binaries_found())


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    kind = getattr(request, "param", KINDS[0])
    with own_server(binaries_found()[kind]) as one:
        yield one


@asynccontextmanager
async def again_and_again(seconds: float, strike: Callable[[], object]) -> AsyncIterator[list[float]]:
    """Strikes at this pace for as long as the block lasts; answers when it did."""
    struck: list[float] = []

    async def strikes() -> None:
        while True:
            strike()
            struck.append(time.monotonic())
            await asyncio.sleep(seconds)

    task = asyncio.create_task(strikes())
    yield struck
    assert not task.done(), task.exception()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.row("R6")
@pytest.mark.parametrize("server", KINDS, indirect=True)
async def test_a_server_that_forgets_its_scripts_again_and_again_is_told_them_again(scene: Scene) -> None:
    """Also in the middle of a pipeline: no half of one is left undone."""
    scene.worker("-c", "8", **CALM)
    async with again_and_again(0.02, scene.redis.script_flush) as struck:
        storm, flaky = Storm(scene), Storm(scene, "flaky", size=5, pause=0.05)
        await storm.more(600)
        await until(lambda: len(struck) >= 50)
        scene.ledger.accept(*await storm.ends(), *await flaky.ends())
        assert not storm.refused and not flaky.refused, storm.refused + flaky.refused
        verdict = await scene.ends_well()

    assert verdict.extra_runs == 0
    assert set(scene.ledger.times().values()) <= {1, 2}, "flaky ones twice"


@pytest.mark.row("R11")
@pytest.mark.parametrize("server", KINDS, indirect=True)
async def test_connections_that_are_killed_all_the_time_cost_nothing_but_time(scene: Scene) -> None:
    scene.worker("-c", "8", **CALM)

    def kill() -> None:
        with Redis.from_url(scene.server.url) as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    async with again_and_again(0.1, kill) as struck:
        storm = Storm(scene)
        await storm.more(600)
        await until(lambda: len(struck) >= 20)
        scene.ledger.accept(*await storm.ends())
        await until(lambda: set(storm.accepted) <= {run.id for run in scene.ledger.ends()})
    verdict = await scene.ends_well()

    assert verdict.extra_runs == 0
    assert set(scene.ledger.times().values()) == {1}


@pytest.mark.row("R12")
async def test_a_server_without_room_for_clients_serves_those_it_has(scene: Scene, tmp_path: Path) -> None:
    one = scene.worker("-c", "4", REDIS_TIMEOUT="60s", **CALM)  # nobody is let in a second time
    await scene.submit("quick", 20)
    held = await scene.submit("hold", 2, {"until": str(tmp_path / "go")})
    await scene.started(held)
    await until(lambda: scene.size("completed") == 20)
    scene.redis.config_set("maxclients", 1)

    words = [sys.executable, "-m", "gopher_cli", "submit", "-t", "quick"]
    environ = scene.fleet.environ | {"REDIS_URL": scene.server.url}
    said = await asyncio.to_thread(
        subprocess.run, words, env=environ, capture_output=True, text=True, check=False
    )

    assert said.returncode in (69, 75) and "Traceback" not in said.stderr, said
    await scene.submit("quick", 100)  # those who have a connection go on
    await until(lambda: scene.size("completed") == 120)
    (tmp_path / "go").touch()
    for id in held:
        await ends(scene.gopher, id)
    scene.redis.config_set("maxclients", 10_000)
    assert (await scene.ends_well()).extra_runs == 0
    one.signal(15)
    assert one.ended() == 0


@pytest.mark.row("R12")
async def test_reconnections_leave_no_connection_and_no_file_open(scene: Scene) -> None:
    one = scene.worker("-c", "4", **CALM)
    await scene.submit("quick", 20)
    await until(lambda: scene.size("completed") == 20)
    before, open_files = len(scene.redis.client_list()), files_of(one.process.pid)
    cut = 0

    while cut < 60:  # 1 000 once by hand: as many connections and files as before
        cut += scene.redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await asyncio.sleep(0.005)
    await scene.ends_well()

    # Not all of its lanes may have been open before; one that leaks leaves sixty.
    await until(lambda: len(scene.redis.client_list()) <= before + 10)
    await until(lambda: files_of(one.process.pid) <= open_files + 10)


def files_of(pid: int) -> int:
    """How many files a worker and its runners have open."""
    return sum(len(list(Path(f"/proc/{one}/fd").iterdir())) for one in (pid, *children_of(pid)))


@pytest.mark.row("R13")
async def test_nothing_depends_on_pub_sub(scene: Scene, tmp_path: Path) -> None:
    """So no slow listener can be cut off from anything: a job is cancelled by the heartbeat."""
    scene.redis.execute_command(
        "ACL", "SETUSER", "deaf", "on", ">secret", "~*", "resetchannels", "+@all", "-@pubsub"
    )
    scene.worker("-c", "4", REDIS_PASSWORD="secret", REDIS_USERNAME="deaf", **CALM)
    (id,) = await scene.submit("hold", payload={"until": str(tmp_path / "never")})
    await scene.started([id])

    await scene.gopher.cancel("default", [id])

    await ends(scene.gopher, id, "cancelled")
    used = scene.redis.info("commandstats")
    assert not [name for name in used if "subscribe" in name or "publish" in name]
    await scene.ends_well()
