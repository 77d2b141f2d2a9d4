"""A power failure takes what was not synced: how much that is, and that what is left is whole."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from awake_clock import awake, clock
from faults.scene import Scene, Storm
from redis import Redis
from servers import Server, binaries_found, own_server
from worker.processes import PATIENCE, ends, until

from gopher_cli.model.errors import Unconfirmed
from gopher_cli.producer import Producer
from gopher_cli.store.stores.threaded import SyncStore
from gopher_cli.store.url import parse_url

pytestmark = pytest.mark.anyio

KINDS = list(binaries_found())
# Each policy on one server, and the one that the embedded server has on all of them.
CASES = [*((kind, "everysec", 2.5) for kind in KINDS), (KINDS[0], "always", 0.0), (KINDS[0], "no", 60.0)]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    kind = getattr(request, "param", KINDS[0])
    with own_server(binaries_found()[kind], shims=["power"]) as one:
        yield one


@pytest.mark.row("R2")
@pytest.mark.parametrize(("server", "policy", "seconds"), CASES, indirect=["server"])
async def test_a_power_failure_takes_no_more_than_the_policy_says(
    scene: Scene, policy: str, seconds: float
) -> None:
    scene.redis.config_set("appendfsync", policy)
    scene.worker("-c", "4")
    storm = Storm(scene)
    await storm.more(100)
    if policy == "everysec":
        await asyncio.to_thread(scene.server.synced)
    await storm.more(300)

    off = clock()
    await asyncio.to_thread(scene.server.power_loss)
    accepted = {id: at for id, at in (await storm.ends()).items() if at <= off}
    left = scene.those_left()
    lost = [awake(at, off) for id, at in accepted.items() if id not in left]

    print(f"{policy}: {len(lost)} of {len(accepted)}, {max(lost, default=0):.2f} s")
    assert max(lost, default=0.0) <= seconds
    assert policy != "no" or len(lost) == len(accepted), "nothing is synced, so nothing can be left"
    scene.ledger.accept(*(id for id in accepted if id in left))
    await scene.ends_well()


@pytest.mark.row("R2")
@pytest.mark.parametrize("policy", ["everysec", "always"])
async def test_what_was_submitted_to_be_synced_outlives_a_power_failure(scene: Scene, policy: str) -> None:
    scene.redis.config_set("appendfsync", policy)
    if policy == "everysec":
        scene.server.control.slow_syncs(0.3)
    safe, other = Storm(scene, size=50, durability="fsync"), Storm(scene)
    await safe.more(100)

    off = clock()
    await asyncio.to_thread(scene.server.power_loss)
    left = scene.those_left()
    accepted = {id for id, at in (await safe.ends()).items() if at <= off}
    others = {id for id, at in (await other.ends()).items() if at <= off}

    print(f"fsync: {len(accepted - left)} of {len(accepted)}; others: {len(others - left)} of {len(others)}")
    assert accepted <= left
    scene.ledger.accept(*accepted)
    scene.worker("-c", "4")
    await scene.ends_well()


@pytest.mark.row("R2", "C4")
async def test_a_job_that_runs_again_in_the_books_alone_goes_back(scene: Scene, tmp_path: Path) -> None:
    """Its completion was not synced. The worker that had it lives, and renews all that it seems to hold."""
    one = scene.worker("-c", "4")
    (id,) = await scene.submit("hold", payload={"until": str(tmp_path / "go")})
    await scene.started([id])
    await asyncio.to_thread(scene.server.synced)
    await asyncio.to_thread(scene.server.sync_no_more)
    (tmp_path / "go").touch()
    await ends(scene.gopher, id)

    await asyncio.to_thread(scene.server.power_loss)

    one.heard("Redis went back in time")
    detail = await ends(scene.gopher, id)
    assert detail.attempts == 1, "to run once more than it was needed spends nothing"
    assert len(scene.ledger.starts(id)) == 2
    await scene.ends_well()


@pytest.mark.row("R2", "C4")
async def test_a_job_that_stands_in_line_again_while_it_runs_is_stopped_here(
    scene: Scene, tmp_path: Path
) -> None:
    """Its lease was not synced. Whoever takes it next is right, and the first one stops."""
    (id,) = await scene.submit("hold", payload={"until": str(tmp_path / "go")})
    await asyncio.to_thread(scene.server.synced)
    await asyncio.to_thread(scene.server.sync_no_more)
    scene.worker("-c", "4")
    await scene.started([id])

    await asyncio.to_thread(scene.server.power_loss)

    await until(lambda: [run.how for run in scene.ledger.starts(id)] == ["STOPPED", ""])
    (tmp_path / "go").touch()
    await ends(scene.gopher, id)
    verdict = await scene.ends_well()
    assert verdict.extra_runs == 1


def test_what_is_written_while_a_sync_runs_is_waited_for(server: Server) -> None:
    """The server keeps it in memory until then, and its log looks synced: our rows would begin too early."""
    server.control.slow_syncs(1.0)
    with Redis.from_url(server.url) as redis:
        end = time.monotonic() + PATIENCE
        while not redis.info("persistence")["aof_buffer_length"]:
            assert time.monotonic() < end, "nothing is kept back"
            redis.set("while", 1)
        server.synced()
        server.power_loss()
        assert redis.exists("while")


# When a server syncs nothing, and looks as if it did

ENDS = list(dict.fromkeys((KINDS[0], KINDS[-1])))  # one that has WAITAOF, and one that has not
SLOW = ("--rdb-key-save-delay", "1000000")  # microseconds: a child of the server takes its time over each key


def producer(server: Server) -> Producer:
    """One that has never looked at this server."""
    return Producer(store=SyncStore(parse_url(server.url), timeout=20.0))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its time-out a store gives the disk 2.5 s: most here hear that it is not safe."""
    monkeypatch.setattr("gopher_cli.store.routing.durable._SHARE", 0.0)


def submitted(door: Producer, id: str) -> str:
    """Why it is not safe; "" when it is."""
    try:
        door.submit("quick", id=id, durability="fsync")
    except Unconfirmed as error:
        return str(error)
    return ""


def safe(door: Producer, id: str) -> None:
    """Submit until it is safe: a disk may take its time."""
    end = time.monotonic() + PATIENCE
    while why := submitted(door, id):
        assert time.monotonic() < end, why


@contextmanager
def a_child(server: Server, redis: Redis, begin: Callable[[], object]) -> Iterator[None]:
    """While the server has a child process that writes; it is gone at the end, and others will be quick."""
    redis.mset({f"k{n}": n for n in range(60)})
    begin()
    own = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    (child,) = own.read_text().split()
    yield
    assert own.read_text().split() == [child], "it was there all the time"
    redis.config_set("rdb-key-save-delay", 0)
    os.kill(int(child), signal.SIGUSR1)  # not an error, for Redis


def known(redis: Redis) -> set[str]:
    return {id.decode() for id in redis.hkeys("gopher:{default}:meta")}


@pytest.mark.row("R2")
@pytest.mark.parametrize(("kind", "policy"), [(KINDS[0], "everysec"), (KINDS[-1], "always")])
def test_nothing_is_called_synced_while_a_child_keeps_the_server_from_syncing(kind: str, policy: str) -> None:
    words = ("--no-appendfsync-on-rewrite", "yes", "--appendfsync", policy, *SLOW)
    with own_server(binaries_found()[kind], *words, shims=["power"]) as server, producer(server) as door:
        redis = Redis.from_url(server.url)
        with a_child(server, redis, redis.bgsave):
            assert "it syncs nothing while it saves or rewrites" in submitted(door, "one")
            size = sum(log.stat().st_size for log in server.logs())
            assert sum(map(server.durable, server.logs())) < size, "and so it was"
        safe(door, "one")
        server.power_loss()
        assert known(redis) == {"one"}


@pytest.mark.row("R2")
@pytest.mark.parametrize("kind", ENDS)
def test_nothing_is_called_synced_before_there_is_a_first_log(kind: str) -> None:
    """Appendonly was switched on, and a kill would still take all."""
    words = ("--appendonly", "no", *SLOW)
    with own_server(binaries_found()[kind], *words) as server, producer(server) as door:
        redis = Redis.from_url(server.url)
        with a_child(server, redis, lambda: redis.config_set("appendonly", "yes")):
            assert "its log is still being written anew" in submitted(door, "one")
        safe(door, "one")
        server.kill()
        server.start("--appendonly", "yes")
        assert known(redis) == {"one"}


@pytest.mark.row("R2", "R18")
@pytest.mark.parametrize("kind", ENDS)
def test_nothing_is_called_synced_when_the_clock_went_back(kind: str) -> None:
    """With everysec nothing is synced then. Who comes late learns of it by a note of those before."""
    with own_server(binaries_found()[kind], shims=["power", "clock"]) as server, producer(server) as door:
        server.set_clock(3600)
        safe(door, "before")
        server.set_clock(0)
        with producer(server) as newcomer:
            assert "its clock went back" in submitted(newcomer, "one")
        server.set_clock(3601)
        safe(door, "one")
        server.power_loss()
        with Redis.from_url(server.url) as redis:
            assert known(redis) == {"before", "one"}
