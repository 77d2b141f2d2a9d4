"""A disk that is full: submits fail, nothing accepted is lost, and work goes on when there is room again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.scene import CALM, Scene, Storm
from faults.shims import Control
from servers import Server, binaries_found, own_server
from worker.processes import PATIENCE, until

from gopher_cli.embedded import server as server_module
from gopher_cli.model.errors import GopherError, TryLater, Unavailable

pytestmark = [pytest.mark.anyio, pytest.mark.row("R9")]


@pytest.fixture(params=binaries_found())
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with own_server(binaries_found()[request.param]) as one:
        yield one


async def refused(scene: Scene) -> GopherError:
    """Submit until it is refused; what was accepted until then is in the ledger."""
    while True:
        try:
            await scene.submit("quick", 5)
        except GopherError as error:
            return error
        await asyncio.sleep(0.01)


async def test_with_a_sync_each_second_writes_are_refused_until_there_is_room(
    scene: Scene, tmp_path: Path
) -> None:
    """Running jobs run on; what they come to is told when the server can write again."""
    one = scene.worker("-c", "4", **CALM)
    held = await scene.submit("hold", 2, {"until": str(tmp_path / "go")})
    await scene.started(held)
    scene.server.control.disk_room(3_000)

    error = await refused(scene)

    assert isinstance(error, TryLater) and "cannot save to its disk" in str(error)
    words = [sys.executable, "-m", "gopher_cli", "submit", "-t", "quick"]
    environ = scene.fleet.environ | {"REDIS_URL": scene.server.url}
    said = await asyncio.to_thread(
        subprocess.run, words, env=environ, capture_output=True, text=True, check=False
    )
    assert said.returncode == 75 and "free disk space" in said.stderr
    (tmp_path / "go").touch()
    await until(lambda: len(scene.ledger.ends(held[0])) == 1)
    one.heard("cannot save to its disk")
    scene.server.control.disk_room(None)
    await scene.ends_well()
    one.heard("Redis takes all writes again")


async def test_with_a_sync_at_each_write_the_server_ends_and_what_it_accepted_is_there(scene: Scene) -> None:
    one = scene.worker("-c", "4")
    scene.redis.config_set("appendfsync", "always")
    await scene.submit("quick", 50)
    scene.server.control.disk_room(3_000)

    error = await refused(scene)

    assert isinstance(error, (Unavailable, TryLater))
    await asyncio.to_thread(scene.server.process.wait, PATIENCE)
    one.heard("cannot reach Redis")
    scene.server.control.disk_room(None)
    scene.server.start()
    await scene.ends_well()


async def test_killed_with_a_full_disk_it_has_lost_at_most_the_last_answer_that_it_gave(scene: Scene) -> None:
    """It had said yes in the very turn in which it found the disk full, and would write that when it can."""
    scene.server.control.disk_room(3_000)
    storm = Storm(scene)
    await until(lambda: storm.refused)

    scene.server.kill()
    accepted = list(await storm.ends())
    scene.server.control.disk_room(None)
    scene.server.start()

    left = scene.those_left()
    lost = [id for id in accepted if id not in left]
    print(f"{len(lost)} of {len(accepted)}")
    assert not lost or lost == accepted[-storm.size :]
    scene.ledger.accept(*(id for id in accepted if id in left))
    scene.worker("-c", "4")
    await scene.ends_well()


async def test_the_embedded_server_says_that_its_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not come up, once, and says why; with room it does."""
    control = Control(tmp_path / "control")
    environ = " ".join(f"{name}={value}" for name, value in control.environ(["disk"]).items())
    program = tmp_path / "valkey-server"
    program.write_text(f'#!/bin/sh\nexec env {environ} {next(iter(binaries_found().values()))} "$@"\n')
    program.chmod(0o700)
    monkeypatch.setattr(server_module, "binaries", lambda: [str(program)])
    home = tmp_path / "home"
    control.disk_room(0)
    try:
        with pytest.raises(Unavailable) as caught:
            server_module.start(home)
        assert "space" in str(caught.value) + caught.value.hint
        control.disk_room(None)
        assert server_module.start(home).running
    finally:
        server_module.stop(home)
