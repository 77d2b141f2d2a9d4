"""Somebody else writes where our data is, or deletes it: told apart, kept, and no worker falls over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import laws
import pytest
from cli.running import Cli
from faults.conftest import Fleet
from redis import Redis
from servers import Server, own_server
from worker.processes import Worker, ends, until

from gopher_cli.gopher import Gopher
from gopher_cli.store.keyspace import QUEUE_KEYS, fleet_key
from gopher_cli.store.schema_version import written

SUBMIT, WORK, SERVE = ("submit", "-t", "math", "op=add"), ("worker", "--burst"), ("serve", "--port", "0")
At = Callable[..., Gopher]


@pytest.fixture
def cli(redis_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "gopher_cli.web.server.problems.PATIENCE", 60.0
    )  # else one that is slow is served without
    env = {"REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home")}
    return Cli(monkeypatch, env)


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server() as one:
        yield one


# R17: a namespace that is somebody else's


@pytest.mark.row("R17")
@pytest.mark.parametrize("words", [WORK, SERVE], ids=["worker", "serve"])
@pytest.mark.parametrize("name", ["users", "{default}:people", "{~}:lock", "{default}", "", "{a b}:spec"])
def test_who_stays_refuses_a_namespace_with_data_of_somebody_else(
    cli: Cli, redis: Redis, namespace: str, words: tuple[str, ...], name: str
) -> None:
    redis.set(f"{namespace}:{name}", "theirs")

    ran = cli(*words)

    assert ran.code == 78, ran.err
    assert f"holds data under {namespace}: that is not gopher's, such as '{namespace}:{name}'" in ran.err
    assert "GOPHER_NAMESPACE" in ran.err
    assert redis.keys(f"{namespace}:*") == [f"{namespace}:{name}".encode()]


@pytest.mark.row("R17")
def test_data_of_others_beside_a_namespace_is_no_matter(cli: Cli, redis: Redis, namespace: str) -> None:
    redis.mset({f"{namespace}s:{n}": "theirs" for n in range(3000)})

    assert cli(*WORK).code == 0
    redis.delete(*(f"{namespace}s:{n}" for n in range(3000)))


@pytest.mark.row("R17")
def test_a_namespace_that_is_in_use_is_not_given_up_for_a_stray_key(
    cli: Cli, redis: Redis, namespace: str
) -> None:
    cli.id("-t", "math", "op=add")
    redis.set(f"{namespace}:note", "theirs")

    assert cli(*WORK).code == 0


@pytest.mark.row("R17")
def test_data_of_the_release_before_is_ours(cli: Cli, redis: Redis, namespace: str) -> None:
    cli.id("-t", "math", "op=add")
    redis.delete(fleet_key(namespace, "meta"))

    assert cli(*WORK).code == 0


@pytest.mark.row("R17", "R15")
@pytest.mark.parametrize("words", [SUBMIT, WORK, SERVE], ids=["submit", "worker", "serve"])
def test_a_foreign_value_where_the_schema_version_should_be(
    cli: Cli, redis: Redis, namespace: str, words: tuple[str, ...]
) -> None:
    redis.set(fleet_key(namespace, "meta"), "theirs")

    ran = cli(*words)

    assert ran.code == 65, ran.err
    assert "foreign data under our keys" in ran.err and "GOPHER_NAMESPACE" in ran.err


# R14: everything is deleted


@pytest.mark.row("R14")
@pytest.mark.anyio
async def test_a_worker_outlives_a_flushall_and_the_fleet_knows_it_again(
    server: Server, fleet: Fleet, at: At, namespace: str, tmp_path: Path
) -> None:
    gopher, release = at(server.url), tmp_path / "go"
    one = fleet("-c", "2", url=server.url)
    held = [await gopher.submit("hold", {"until": str(release)}) for _ in range(2)]
    for id in held:
        await ends(gopher, id, "processing")

    with Redis.from_url(server.url) as redis:
        redis.flushall()
        release.touch()

        one.heard("deleted while it ran", times=2)
        one.heard("told again")
        await until(lambda: redis.hget(fleet_key(namespace, "meta"), "schema"))
        assert redis.hget(fleet_key(namespace, "meta"), "schema") == written().encode()
        assert redis.smembers(fleet_key(namespace, "queues")) == {b"default"}
        assert "hold" in await gopher.types()
        await ends(gopher, await gopher.submit("quick"))
        await until(lambda: known(gopher))
        laws.check(redis, namespace)
    assert one.process.poll() is None


async def known(gopher: Gopher) -> bool:
    """It says within a second that it lives."""
    return [worker.alive for worker in await gopher.workers()] == [True]


# R15: garbage

GARBAGE = (b"", b"\xff\x00\xfe", b"x" * 100_000, b"1;0;w:1", b"[", b"999;x;;;;1;1;;", b'{"a":1}')
HASHES = (
    "spec", "meta", "result", "errors", "log", "progress", "once", "locks", "waiters", "cancels", "outbox",
    "counters", "cells", "samples", "batches",
)  # fmt: skip
ZSETS = tuple(
    name
    for name in QUEUE_KEYS
    if name.startswith(("ready", "sched", "retr", "blocked", "running", "compl", "canc", "failed", "lock_e"))
    and name != "cancels"
)


def strew(redis: Redis, gopher: Gopher, ids: list[str]) -> None:
    """Each of these jobs has garbage in one field, and every place has members that nobody knows."""
    keys = gopher.keys("default")
    for n, id in enumerate(ids):
        name = HASHES[n % len(HASHES)]
        redis.hset(keys[name], id, GARBAGE[n % len(GARBAGE)])
        redis.hset(keys[name], GARBAGE[n % len(GARBAGE)][:60], GARBAGE[(n + 1) % len(GARBAGE)])
    for name in ZSETS:
        redis.zadd(keys[name], {b"\xff\xfe": 1, b"": 2, b"ghost-" + name.encode(): 3, b"x" * 5000: 4})


@pytest.mark.row("R15")
@pytest.mark.anyio
async def test_a_worker_goes_on_whatever_stands_in_the_fields_of_a_queue(
    server: Server, fleet: Fleet, at: At, tmp_path: Path
) -> None:
    gopher = at(server.url)
    one = fleet("-c", "4", "--grace", "2s", url=server.url)
    with Redis.from_url(server.url) as redis:
        for n in range(3):
            go = tmp_path / f"go{n}"  # none of them ends before that
            ids = [await gopher.submit("hold", {"until": str(go)}) for _ in [*HASHES, *HASHES]]
            await gopher.submit("quick", {}, delay=0.3)
            strew(redis, gopher, ids)
            go.touch()
            sound = [await gopher.submit("quick") for _ in range(20)]
            for id in sound:
                await ends(gopher, id)

        keys = gopher.keys("default")
        await until(lambda: not redis.zrangebyscore(keys["ready_normal"], "-inf", "+inf"))
        corrupt = {id: redis.hget(keys["errors"], id) or b"" for id in redis.zrange(keys["failed"], 0, -1)}
        assert sum(b'"outcome":"corrupt"' in told for told in corrupt.values()) >= 10
        garbled = [told for told in corrupt.values() if b"fffe" in told or b"ff00fe" in told]
        assert garbled, "the bytes are kept"
        _no_loop(one)
    assert one.process.poll() is None
    assert len(one.runners()) == 1


@pytest.mark.row("R15")
@pytest.mark.anyio
async def test_a_worker_serves_its_other_queues_while_keys_of_one_are_of_a_foreign_type(
    server: Server, fleet: Fleet, at: At
) -> None:
    gopher = at(server.url)
    one = fleet("-Q", "bad,default", "-c", "4", url=server.url)
    with Redis.from_url(server.url) as redis:
        for name in QUEUE_KEYS:
            await gopher.submit("slow", {"seconds": 0.05}, queue="bad")
            redis.delete(gopher.keys("bad")[name])
            redis.set(gopher.keys("bad")[name], "theirs")
            await ends(gopher, await gopher.submit("quick"))
            redis.delete(gopher.keys("bad")[name])

        await ends(gopher, await gopher.submit("quick", queue="bad"), queue="bad")
        _no_loop(one, most=4 * len(QUEUE_KEYS))
    assert one.process.poll() is None


def _no_loop(one: Worker, most: int = 40) -> None:
    """It says each error once, or once a job: not again and again."""
    said = [line.partition(" ")[2] for line in one.said if "error" in line or "warning" in line]
    assert len(said) <= most, said


@pytest.mark.row("R14")
@pytest.mark.anyio
async def test_a_long_lived_client_makes_its_queue_known_again(
    server: Server, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    gopher = at(server.url)
    await gopher.submit("quick", queue="rare")
    with Redis.from_url(server.url) as redis:
        redis.flushall()
    monkeypatch.setattr("gopher_cli.verbs.core._LATELY", 0.0)

    await gopher.submit("quick", queue="rare")

    assert await gopher.queues() == ["rare"]
