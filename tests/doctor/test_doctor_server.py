"""What the doctor says of servers and fleets: each fault, set up for real, has its finding and a way out."""

from __future__ import annotations

from collections.abc import Iterator

import builders
import pytest
from redis import Redis
from servers import Server, binaries_found, own_server

from doctor.ward import Ward, troubles
from gopher_cli.gopher import Gopher
from gopher_cli.model.findings import Finding
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url
from gopher_cli.verbs.doctor.server_findings import server_findings

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with own_server() as one:
        yield one


@pytest.fixture
def settings(server: Server) -> Iterator[Redis]:
    """A client that may change the server; it is as before after the test."""
    with Redis.from_url(server.url) as client:
        before = {
            name: client.config_get(name)[name]
            for name in ("maxmemory", "maxmemory-policy", "appendfsync", "min-replicas-to-write")
        }
        yield client
        for name, value in before.items():
            client.config_set(name, value)


async def examined(server: Server, namespace: str, url: str = "") -> dict[str, Finding]:
    async with Gopher(
        store=RedisStore(parse_url(url or server.url), timeout=60.0), namespace=namespace
    ) as gopher:
        found = await gopher.diagnose()
        return {finding.name: finding for finding in found.findings}


async def test_a_server_as_it_should_be(server: Server, namespace: str) -> None:
    found = await examined(server, namespace)

    assert [f.name for f in found.values() if f.is_trouble] == []
    assert {f.name for f in found.values() if f.section == "server"} == {
        "reachability", "round trip", "clock", "version", "eviction", "memory", "persistence", "replicas",
        "durability", "rights",
    }  # fmt: skip
    assert found["persistence"].meaning == "append-only file, fsync everysec"
    assert "memory" in found["durability"].meaning


@pytest.mark.parametrize(
    ("setting", "value", "name", "severity"),
    [
        ("maxmemory-policy", "allkeys-lru", "eviction", "critical"),
        ("maxmemory-policy", "volatile-lru", "eviction", "critical"),
        ("appendfsync", "no", "persistence", "warning"),
        ("appendfsync", "always", "persistence", "ok"),
        ("min-replicas-to-write", "1", "replicas", "critical"),
    ],
)  # fmt: skip
async def test_a_setting_that_can_lose_jobs(
    server: Server, settings: Redis, namespace: str, setting: str, value: str, name: str, severity: str
) -> None:
    settings.config_set(setting, value)

    found = (await examined(server, namespace))[name]

    assert found.severity == severity
    assert bool(found.fix) == (severity != "ok")


@pytest.mark.parametrize(("room", "severity"), [(0.99, "critical"), (1.05, "warning"), (4.0, "ok")])
async def test_a_memory_that_fills(
    server: Server, settings: Redis, namespace: str, room: float, severity: str
) -> None:
    said = {k: str(v) for k, v in settings.info().items()}
    said["maxmemory"] = str(int(int(said["used_memory"]) * room))

    (memory,) = [f for f in server_findings(said, "everysec", snapshots=False) if f.name == "memory"]

    assert memory.severity == severity


async def test_a_full_memory_does_not_stop_the_doctor(
    server: Server, settings: Redis, namespace: str
) -> None:
    async with Gopher(store=RedisStore(parse_url(server.url), timeout=60.0), namespace=namespace) as gopher:
        await gopher.submit("mail")
    settings.config_set("maxmemory", 1)

    found = await examined(server, namespace)

    assert found["memory"].severity == "critical"


def test_what_only_a_broken_server_says() -> None:
    said = {"aof_enabled": "1", "redis_version": "5.0.1", "aof_last_write_status": "err", "role": "slave"}
    found = {f.name: f.severity for f in server_findings(said, "everysec", snapshots=False)}

    assert (found["version"], found["disk"], found["replicas"]) == ("critical",) * 3
    none = {f.name: f for f in server_findings({"redis_version": "7.2.0"}, "", snapshots=False)}
    assert "loses every job" in none["persistence"].meaning
    assert none["durability"].meaning == "a submit can ask for memory"


def test_levels_of_durability_that_a_submit_can_have() -> None:
    said = {"redis_version": "7.2.4", "aof_enabled": "1", "connected_slaves": "2"}
    found = {f.name: f for f in server_findings(said, "always", snapshots=False)}

    assert found["durability"].meaning == "a submit can ask for memory, fsync, replica:1 to replica:2"


@pytest.mark.parametrize(
    ("right", "named"), [("-hdel", "HDEL"), ("-zadd", "ZADD"), ("-evalsha -eval", "eval")]
)
async def test_a_missing_right_is_named(
    server: Server, settings: Redis, namespace: str, right: str, named: str
) -> None:
    rules = ["on", ">word", "~*", "&*", "+@all", *right.split()]
    settings.execute_command("ACL", "SETUSER", "clerk", "reset", *rules)

    found = await examined(server, namespace, server.url.replace("unix://", "unix://clerk:word@"))

    assert found["rights"].severity == "critical"
    assert named.lower() in (found["rights"].meaning + found["rights"].fix).lower()


@pytest.mark.parametrize("kind", binaries_found())
async def test_every_kind_of_server_is_understood(namespace: str, kind: str) -> None:
    with own_server(binaries_found()[kind]) as server, Redis.from_url(server.url) as client:
        assert [f.name for f in (await examined(server, namespace)).values() if f.is_trouble] == []

        client.execute_command("ACL", "SETUSER", "clerk", "on", ">word", "~*", "+@all", "-hdel", "-zadd")
        found = await examined(server, namespace, server.url.replace("unix://", "unix://clerk:word@"))

    assert "HDEL" in found["rights"].meaning and "ZADD" in found["rights"].meaning


async def test_a_queue_that_nobody_serves(ward: Ward) -> None:
    """Jobs, and nobody who serves them: the fleet says so, and names the command."""
    ward.redis.delete(f"{ward.gopher.namespace}:{{~}}:workers", f"{ward.gopher.namespace}:{{~}}:beats")

    found = {f.name: f for f in (await ward.gopher.diagnose()).findings}

    assert found["queues without a worker"].fix == "gopher worker -Q default"
    assert found["queues without a worker"].count == 8
    await ward.serve()


async def test_a_type_without_a_handler(ward: Ward) -> None:
    ward.queue.submit(builders.job("odd", type="knit"))

    found = await ward.look()

    assert troubles(found) == {"types without a handler": 1}
    (finding,) = [f for f in found.troubles if f.section == "fleet"]
    assert finding.examples == ("knit",)


async def test_workers_that_are_silent_or_of_different_versions(ward: Ward) -> None:
    about = {"queues": ["default"], "types": ["mail"], "host": "h", "pid": 7}
    await ward.gopher.beat("older", about | {"version": "0"})
    await ward.gopher.beat("dead", about | {"version": "9"})
    ward.redis.zincrby(f"{ward.gopher.namespace}:{{~}}:beats", -30_000, "dead")

    found = {f.name: f for f in (await ward.look()).findings}

    assert found["dead workers"].examples == ("h:7",)
    assert (found["versions"].severity, found["versions"].meaning[-4:]) == ("note", "0, 1")


async def test_a_queue_that_is_paused_for_long(ward: Ward) -> None:
    ward.queue.now -= 2 * builders.hour
    ward.queue.pause()
    ward.alter("normal", created=ward.queue.now, ready_at=ward.queue.now)

    found = {f.name: f for f in (await ward.look()).findings}

    assert found["paused with a backlog"].fix == "gopher queue resume default"
    assert found["old jobs"].severity == "note" and "2h" in found["old jobs"].meaning
