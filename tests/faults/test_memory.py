"""A server whose memory is full: producers are refused, loudly, and the backlog drains to its end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from faults.scene import Scene
from redis.exceptions import OutOfMemoryError
from servers import Server, binaries_found, own_server
from worker.processes import until

from gopher_cli.actor import ACTOR
from gopher_cli.config import Settings
from gopher_cli.model.errors import TryLater
from gopher_cli.store import ask
from gopher_cli.web.app import create_app

pytestmark = [pytest.mark.anyio, pytest.mark.row("R7")]


@pytest.fixture(params=binaries_found())
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with own_server(binaries_found()[request.param]) as one:
        yield one


def leases(scene: Scene, ids: list[str]) -> list[float]:
    """When those of these jobs end, by the server's clock."""
    return [at or 0.0 for at in scene.redis.zmscore(scene.gopher.keys("default")["running"], ids)]


def fill(scene: Scene) -> None:
    """Until the server takes no more, and over: clients that hang up and logs that are written make room."""
    scene.redis.config_set("maxmemory-policy", "noeviction")
    scene.redis.config_set("maxmemory", scene.redis.info("memory")["used_memory"] + 200_000)
    for size in (20_000, 1_000, 10):
        while True:
            try:
                scene.redis.rpush("ballast", b"x" * size)
            except OutOfMemoryError:
                break
    scene.redis.config_set("maxmemory", scene.redis.info("memory")["used_memory"] * 2 // 3)


async def refused_by_the_command_line(scene: Scene) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "gopher_cli", "submit", "-t", "quick", "-p", "{}"]
    environ = scene.fleet.environ | {"REDIS_URL": scene.server.url}
    return await asyncio.to_thread(
        subprocess.run, words, env=environ, capture_output=True, text=True, check=False
    )


async def refused_over_http(scene: Scene) -> httpx2.Response:
    environ = scene.fleet.environ | {"REDIS_URL": scene.server.url}
    app = create_app(Settings.resolve(environ, cwd=Path(environ["HOME"])))
    wire = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=wire, base_url="http://localhost") as client,
    ):
        return await client.post("/api/v1/jobs", json={"type": "quick", "payload": {}})


async def test_producers_are_refused_and_the_whole_backlog_drains(scene: Scene, tmp_path: Path) -> None:
    first = scene.worker("-c", "4")
    held = await scene.submit("hold", 2, {"until": str(tmp_path / "go")})
    await scene.started(held)
    await scene.gopher.pause("default")
    await scene.submit("quick", 200)
    await scene.submit("flaky", 20, {"fails": 1})
    await scene.submit("fail", 5, max_retries=0)
    await scene.submit("quick", 20, delay=0.2)
    second = scene.worker("-c", "4")
    fill(scene)
    full = leases(scene, held)

    with pytest.raises(TryLater, match="memory is full"):
        await scene.gopher.submit("quick", {})
    said = await refused_by_the_command_line(scene)
    assert said.returncode == 75
    assert "memory is full" in said.stderr and "maxmemory" in said.stderr and "Traceback" not in said.stderr
    answer = await refused_over_http(scene)
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0

    await scene.gopher.pause("default", paused=False)
    await until(lambda: len({run.id for run in scene.ledger.ends()}) == 245)
    await until(lambda: min(leases(scene, held)) > max(full))  # there is room for heartbeats
    (tmp_path / "go").touch()
    await until(lambda: scene.size("completed") == 242 and scene.size("failed") == 5)

    with pytest.raises(OutOfMemoryError):
        scene.redis.rpush("ballast", b"x" * 10_000)
    assert scene.count("lost") == 0, "no lease has ended"
    scene.redis.config_set("maxmemory", 0)
    assert (await scene.ends_well()).extra_runs == 0
    for one in (first, second):
        one.signal(15)
        assert one.ended() == 0


async def test_a_worker_that_starts_at_full_memory_works(scene: Scene) -> None:
    await scene.submit("quick", 50)
    fill(scene)

    one = scene.worker("-c", "4", "--burst", wait=False)

    assert one.ended() == 0, one.said
    assert scene.size("completed") == 50
    scene.redis.config_set("maxmemory", 0)
    scene.worker("-c", "4")
    await scene.ends_well()


async def test_operators_and_beats_get_through_at_full_memory(scene: Scene) -> None:
    one = scene.worker("-c", "4")
    first, waits, later = await scene.submit("quick", 3, delay=3600.0)
    gopher = scene.gopher
    fill(scene)
    _, before = await gopher.store.ask(ask.workers(gopher.namespace))
    token = ACTOR.set("ann")
    assert await gopher.pause("default")
    assert await gopher.cancel("default", [first]) == {first: "cancelled"}
    assert await gopher.requeue("default", [first]) == {first: "enqueued"}
    assert (await gopher.reschedule("default", [later], delay=60.0))[later] == "rescheduled"
    assert await gopher.delete("default", [waits]) == {waits: "deleted"}
    assert await gopher.pause("default", paused=False)
    (known,) = await gopher.workers()
    assert [told.changed for told in await gopher.order(known.id, "quiet")] == [True]
    one.heard("quiet by order")
    assert await gopher.order(known.id, "resume")
    ACTOR.reset(token)

    told = [entry.action for entry in await gopher.audit_log()]
    assert told == ["resume", "quiet", "resume", "delete", "reschedule", "requeue", "cancel", "pause"]

    async def beats() -> bool:
        _, now = await gopher.store.ask(ask.workers(gopher.namespace))
        return all(now[worker][0] > at for worker, (at, _) in before.items())

    await until(beats)
    assert [worker.alive for worker in await gopher.workers()] == [True]
    scene.redis.config_set("maxmemory", 0)
    assert await gopher.promote("default", [later]) == {later: "enqueued"}
    await until(lambda: scene.size("completed") == 2)
    one.signal(15)
    assert one.ended() == 0
