"""Every kind of server that is found: the whole life of jobs, with workers, the command line and Python."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.conftest import SHORT
from faults.scene import Scene
from servers import Server, binaries_found, own_server
from worker.processes import ends, until

from gopher_cli.model.select.filter import Filter

pytestmark = [pytest.mark.anyio, pytest.mark.row("R21")]


@pytest.fixture(params=binaries_found())
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with own_server(binaries_found()[request.param]) as one:
        yield one


async def test_jobs_live_and_end_as_they_should(scene: Scene, tmp_path: Path) -> None:
    gopher, doomed = scene.gopher, scene.worker("-c", "4", **SHORT)
    held = await scene.submit("hold", 2, {"until": str(tmp_path / "go")})
    await scene.started(held)
    await gopher.pause("default")
    (parent,) = await scene.submit("quick")
    (child,) = await scene.submit("quick", after=[parent])
    (first,) = await scene.submit("quick", unique_key="one")
    assert await gopher.submit("quick", {}, unique_key="one") == first
    (dead,) = await scene.submit("fail", max_retries=0)
    (flaky,) = await scene.submit("flaky", payload={"fails": 2})
    (later,) = await scene.submit("quick-thread", delay=0.5)
    (isolated,) = await scene.submit("quick-isolated", priority="high")
    (cancelled,) = await scene.submit("quick", delay=3600.0)
    await gopher.cancel("default", [cancelled])

    os.killpg(doomed.process.pid, signal.SIGKILL)
    scene.worker("-c", "4")
    await gopher.pause("default", paused=False)
    (tmp_path / "go").touch()

    for id in (*held, parent, child, first, flaky, later, isolated):
        await ends(gopher, id)
    await ends(gopher, dead, "failed")
    assert (await gopher.inspect("default", flaky)).attempts == 3
    assert {(await gopher.inspect("default", id)).attempts for id in held} == {1}
    words = [sys.executable, "-m", "gopher_cli", "retry", dead]
    environ = scene.fleet.environ | {"REDIS_URL": scene.server.url}
    await asyncio.to_thread(subprocess.run, words, env=environ, check=True, capture_output=True)
    await until(lambda: len(scene.ledger.ends(dead)) == 2)
    await ends(gopher, dead, "failed")
    await scene.ends_well()
    assert (await gopher.purge(Filter(states=("completed", "failed", "cancelled")))).changed == 11
    scene.lawful()
