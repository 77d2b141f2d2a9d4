"""A server whose memory is full: producers are refused, loudly, and the backlog drains to its end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import builders
import httpx2
import pytest
from faults.scene import Scene
from faults.serving import Serve
from redis.exceptions import OutOfMemoryError
from servers import Server, binaries_found, own_server
from worker.processes import until

from gopher_cli.actor import ACTOR
from gopher_cli.config import Settings
from gopher_cli.model.errors import TryLater
from gopher_cli.store.asks import ask
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
    return await gopher_says(scene, "submit", "-t", "quick", "-p", "{}")


async def gopher_says(scene: Scene, *args: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "gopher_cli", *args]
    environ = scene.fleet.environ | {"REDIS_URL": scene.server.url, "REDIS_TIMEOUT": "60s"}
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


def told(lines: list[str]) -> list[str]:
    """What a log says of the memory."""
    return [line for line in lines if "memory is full" in line]


async def test_a_full_memory_is_one_line_in_the_log_of_a_worker(scene: Scene) -> None:
    """Of those that meet it at their start, and of those that work and say what they do."""
    first = scene.worker("-c", "4", GOPHER_HEARTBEAT="200ms")
    scene.redis.hset(
        f"{scene.namespace}:{{~}}:terms", "quick", b'{"timeout":1,"retries":0,"backoff":"fixed:1s"}'
    )
    fill(scene)
    second = scene.worker("-c", "4", "-Q", "default,never-seen", GOPHER_HEARTBEAT="200ms")
    second.heard("memory is full")

    async def alive() -> int:
        return sum(worker.alive for worker in await scene.gopher.workers())

    since = await scene.gopher.store.ask(ask.time_ms())
    while await scene.gopher.store.ask(ask.time_ms()) < since + 3_000:  # some rounds of every duty
        assert await alive() == 2
        await asyncio.sleep(0.1)
    assert len(told(second.said)) == 1, second.said
    assert len(told(first.said)) <= 1, first.said
    assert not [line for line in (*first.said, *second.said) if "Redis is back" in line]
    scene.redis.config_set("maxmemory", 0)
    second.heard("Redis takes all writes again")

    async def published() -> bool:
        return (await scene.gopher.terms())["quick"].timeout == 300.0

    await until(published)  # also of a type that others have published before


async def test_a_full_memory_is_one_line_in_the_log_of_a_server(scene: Scene, serve: Serve) -> None:
    one = serve(scene.server.url)
    fill(scene)
    async with httpx2.AsyncClient(base_url=one.url) as client:
        for _ in range(5):
            answer = await client.post("/api/v1/jobs", json={"type": "quick", "payload": {}})
            assert answer.status_code == 503
            assert "memory of Redis is full" in answer.json()["detail"]
            assert (await client.get("/api/v1/stats")).json()["server"]["full"]
        health = await client.get("/health")
        assert (health.status_code, health.json()["status"], health.json()["redis"]) == (
            503,
            "degraded",
            "full",
        )
        assert (await client.get("/readyz")).status_code == 200, "it can be looked at, and repaired"
    assert len(told(one.said)) == 1, one.said


async def test_health_and_stats_say_that_memory_is_full(scene: Scene) -> None:
    scene.worker("-c", "4")
    await scene.submit("quick", 1, delay=3600.0)
    assert (await gopher_says(scene, "health")).returncode == 0
    fill(scene)

    said = await gopher_says(scene, "health")
    assert said.returncode == 75
    assert said.stdout.startswith("degraded: memory is full, submits are refused;")
    assert "1 worker alive" in said.stdout
    said = await gopher_says(scene, "health", "-o", "json")
    assert said.returncode == 75 and '"status":"degraded","redis":"full"' in said.stdout
    assert "full, submits are refused" in (await gopher_says(scene, "stats", "-o", "table")).stdout
    said = await gopher_says(scene, "doctor")
    assert "full, submits are refused" in said.stdout and "start a worker" not in said.stdout
    scene.redis.config_set("maxmemory", 0)
    assert (await gopher_says(scene, "health")).returncode == 0


async def test_a_running_job_is_cancelled_at_full_memory(scene: Scene, tmp_path: Path) -> None:
    scene.worker("-c", "4")
    (held,) = await scene.submit("hold", 1, {"until": str(tmp_path / "go")})
    await scene.started([held])
    fill(scene)

    assert builders.words(await scene.gopher.cancel("default", [held])) == {held: "requested"}
    await until(lambda: scene.size("cancelled") == 1)


async def test_operators_and_beats_get_through_at_full_memory(scene: Scene) -> None:
    one = scene.worker("-c", "4")
    first, waits, later = await scene.submit("quick", 3, delay=3600.0)
    gopher = scene.gopher
    fill(scene)
    _, before = await gopher.store.ask(ask.workers(gopher.namespace))
    token = ACTOR.set("ann")
    assert await gopher.pause("default")
    assert builders.words(await gopher.cancel("default", [first])) == {first: "cancelled"}
    assert builders.words(await gopher.retry("default", [first])) == {first: "enqueued"}
    assert builders.words(await gopher.reschedule("default", [later], delay=60.0)) == {later: "rescheduled"}
    assert builders.words(await gopher.delete("default", [waits])) == {waits: "deleted"}
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
    assert builders.words(await gopher.run_now("default", [later])) == {later: "enqueued"}
    await until(lambda: scene.size("completed") == 2)
    one.signal(15)
    assert one.ended() == 0
