"""The doctor in a cluster: what is wrong with any of the masters is found, named, and mended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import builders
import laws
import pytest
from faults.topologies import Cluster, Node, cluster, until
from redis import RedisError
from redis.cluster import RedisCluster

from doctor.damages import DAMAGES, HOPELESS, LOSSES, Damage
from doctor.ward import Ward, troubles
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadConfig, Denied
from gopher_cli.model.findings import Finding
from gopher_cli.model.schedule.expect import Expect
from gopher_cli.store import calls
from gopher_cli.store.keyspace import keys_of
from gopher_cli.store.routing.routes import slot_of
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url
from gopher_cli.verbs.doctor.server_findings import about, warning
from gopher_cli.verbs.doctor.topology_findings import as_one, cluster_findings, members

pytestmark = pytest.mark.anyio
FLEET = "x:{~}:x"
# Found by the names of keys, or by where they live; all the others passed here once, by hand.
SOUGHT = (
    "a queue that is not listed", "in the hands of a worker that nobody knows", "a follow-up that is garbage",
    "only its name is left", "too many were counted", "a lock of nobody",
    "it stands in line, and among the dead",
)  # fmt: skip


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    with cluster() as one:
        for node in one.masters:  # one that stands still for a while is not dead
            node.client.config_set("cluster-node-timeout", 60_000)
        yield one


@pytest.fixture(scope="module")
def far(three: Cluster) -> Node:
    """A master that has neither the fleet nor the first slots."""
    return next(node for node in three.masters[1:] if node is not three.owner(slot_of(FLEET)))


@pytest.fixture
async def gopher(three: Cluster, namespace: str) -> AsyncIterator[Gopher]:
    async with Gopher(store=RedisStore(parse_url(three.url), timeout=60.0), namespace=namespace) as gopher:
        yield gopher


@pytest.fixture
def redis(three: Cluster) -> Iterator[Any]:
    with RedisCluster(host="127.0.0.1", port=three.masters[0].port) as client:
        yield client


@pytest.fixture
async def ward(redis: Any, gopher: Gopher, three: Cluster, far: Node) -> Ward:
    names = (f"q{n}" for n in range(1000))
    name = next(one for one in names if three.owner(slot_of(keys_of("x", one)["meta"])) is far)
    one = Ward(redis, gopher, name)
    await one.fill()
    return one


@pytest.fixture
def set_at(far: Node) -> Iterator[Callable[[str, str], None]]:
    """``set_at(name, value)`` changes a setting of the far master; it is as before after the test."""
    before: dict[str, str] = {}

    def change(name: str, value: str) -> None:
        before[name] = far.client.config_get(name)[name]
        far.client.config_set(name, value)

    yield change
    for name, value in before.items():
        far.client.config_set(name, value)


async def examined(gopher: Gopher) -> dict[str, Finding]:
    return {finding.name: finding for finding in (await gopher.diagnose()).findings}


async def test_a_cluster_as_it_should_be(gopher: Gopher, three: Cluster) -> None:
    await gopher.submit("mail")
    found = await gopher.diagnose(data=False)

    assert [f for f in found.troubles if f.section == "server"] == []
    assert next(f for f in found.findings if f.name == "cluster slots").meaning == (
        "16384 of 16384 slots are served, by 3 masters"
    )


async def test_what_is_expected_on_each_node_is_known_and_told(gopher: Gopher, three: Cluster) -> None:
    names = [f"q{n}" for n in range(1000)]
    owners = {name: three.owner(slot_of(keys_of("x", name)["meta"])) for name in names}
    queues = sorted(next(name for name in names if owners[name] is node) for node in three.masters)
    for queue in queues:
        await gopher.expect("nightly", "mail", 3600, queue=queue)
        at = str((await gopher.expects(queue))[0].now - 7_200_000)
        late = Expect(queue=queue, name="late", type="report", every=3600.0)
        await gopher.store.run(calls.expect(gopher.keys(queue), late, now=at))
        await gopher.submit("mail", queue=queue)
        (lease,) = (await gopher.reserve(queue, worker="w.0", token="w.0:1", sequence=1, count=1)).leases
        await gopher.settle("w.0", [builders.settlement(lease)])

    found = [(one.queue, one.name, one.state) for one in await gopher.expects()]

    assert found == [(q, *one) for q in queues for one in (("late", "late"), ("nightly", "on_time"))]
    told = [f.queue for f in (await gopher.diagnose()).findings if f.name == "expected jobs that are late"]
    assert sorted(told) == queues


@pytest.mark.parametrize(
    ("setting", "value", "name", "severity"),
    [
        ("maxmemory-policy", "allkeys-lru", "eviction", "critical"),
        ("appendfsync", "no", "persistence", "warning"),
        ("min-replicas-to-write", "1", "replicas", "critical"),
        ("maxmemory", "1000000", "memory", "critical"),
    ],
)  # fmt: skip
async def test_a_setting_of_one_master_is_found_and_the_master_named(
    gopher: Gopher, far: Node, set_at: Callable[[str, str], None], setting: str, value: str, name: str,
    severity: str,
) -> None:  # fmt: skip
    set_at(setting, value)

    found = (await examined(gopher))[name]

    assert found.severity == severity
    assert found.meaning.startswith(f"{far.place}: ")
    assert "redis-cli" not in found.fix or f"redis-cli -h 127.0.0.1 -p {far.port}" in found.fix


async def test_the_statistics_tell_of_the_worst_master_and_add_up_all(
    gopher: Gopher, three: Cluster, set_at: Callable[[str, str], None]
) -> None:
    set_at("maxmemory-policy", "allkeys-lru")
    server = (await gopher.stats()).server

    assert server.policy == "allkeys-lru"
    assert server.memory_bytes > max(node.client.info("memory")["used_memory"] for node in three.masters)
    with pytest.raises(BadConfig, match="allkeys-lru"):
        await gopher.check(everywhere=True)


@pytest.mark.parametrize(
    "words", [("worker", "--burst"), ("serve", "--port", "0"), ("health",)], ids=" ".join
)
def test_one_master_that_may_throw_jobs_away_is_refused_and_named(
    three: Cluster, far: Node, set_at: Callable[[str, str], None], words: tuple[str, ...], tmp_path: Any
) -> None:
    set_at("maxmemory-policy", "allkeys-lru")
    environ = {"PATH": os.environ["PATH"], "REDIS_URL": three.url, "GOPHER_HOME": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-m", "gopher_cli", *words], env=environ, capture_output=True, text=True, timeout=60
    )

    assert said.returncode == 78, said
    assert far.place in said.stderr and "allkeys-lru" in said.stderr


async def test_foreign_data_on_any_master_is_refused_at_the_start(
    gopher: Gopher, redis: Any, ward: Ward, namespace: str
) -> None:
    gopher.namespace = f"{namespace}-theirs"
    redis.set(f"{gopher.namespace}:{{{ward.name}}}:cache", "1")

    with pytest.raises(BadConfig, match="that is not gopher's"):
        await gopher.check(thorough=True)


async def test_a_right_that_one_master_alone_refuses_is_named(
    three: Cluster, far: Node, namespace: str
) -> None:
    for node in three.masters:
        less = ["-hdel"] if node is far else []
        node.tell("ACL", "SETUSER", "clerk", "reset", "on", ">word", "~*", "&*", "+@all", *less)
    url = three.url.replace("://", "://clerk:word@")
    async with Gopher(store=RedisStore(parse_url(url), timeout=60.0), namespace=namespace) as gopher:
        found = (await examined(gopher))["rights"]
        with pytest.raises(Denied, match="HDEL"):
            await gopher.check(thorough=True)

    assert found.severity == "critical" and far.place in found.meaning and "HDEL" in found.meaning


@pytest.mark.parametrize("damage", [(DAMAGES | LOSSES)[name] for name in SOUGHT], ids=SOUGHT)
async def test_damage_on_another_node_is_found_and_mended(ward: Ward, damage: Damage) -> None:
    damage.hurt(ward)

    assert troubles(await ward.look()) == damage.finds
    assert await ward.heal()
    assert troubles(await ward.look()) == {}
    laws.check(ward.redis, ward.gopher.namespace)


@pytest.mark.parametrize("damage", HOPELESS.values(), ids=list(HOPELESS))
async def test_what_a_person_must_decide_on_another_node_is_told_of(ward: Ward, damage: Damage) -> None:
    damage.hurt(ward)

    assert troubles(await ward.look()) == damage.finds
    ward.queue.forget()


async def test_a_slot_on_its_way_is_a_note(gopher: Gopher, three: Cluster, far: Node) -> None:
    slot, to = 16383, three.masters[0]
    source = three.owner(slot)
    source.tell("CLUSTER", "SETSLOT", slot, "MIGRATING", three.id(to))
    found = (await examined(gopher))["moving slots"]
    source.tell("CLUSTER", "SETSLOT", slot, "STABLE")

    assert found.severity == "note"
    assert f"{slot} (told by {source.place})" in found.meaning


async def test_slots_that_nobody_serves_are_told_of_instead_of_the_data(
    gopher: Gopher, three: Cluster
) -> None:
    await gopher.submit("mail")
    owner = three.owner(3)

    def is_down() -> bool:
        """A node may hear what another has said before it let them go, and believe it again."""
        up = [node for node in three.masters if three.is_up(node)]
        for node in up:
            with suppress(RedisError):  # it has let them go by now
                node.tell("CLUSTER", "DELSLOTS", 3, 4, 5)
        return not up

    try:
        until(is_down, "the cluster is down")
        found = await examined(gopher)
    finally:
        owner.tell("CLUSTER", "ADDSLOTS", 3, 4, 5)
        until(lambda: all(three.is_up(node) for node in three.masters), "the cluster is up")

    assert found["cluster slots"].severity == "critical"
    assert "16381 of 16384 slots are served; not 3-5; the cluster is down" in found["cluster slots"].meaning
    assert found["jobs"].meaning.startswith("not looked at: ")


async def test_a_master_that_is_dead_is_named(namespace: str) -> None:
    with cluster() as mortal:
        async with Gopher(
            store=RedisStore(parse_url(mortal.url), timeout=60.0), namespace=namespace
        ) as gopher:
            await gopher.submit("mail")
            dead = mortal.owner(slot_of("x:{default}:x"))
            dead.kill()
            found = await examined(gopher)

    assert found["reachability"].severity == "critical"
    assert dead.place in found["reachability"].meaning
    assert found["jobs"].severity == "critical"


# On paper

NODES = """\
07c3 127.0.0.1:30004@31004,name slave e7d1 0 1426238317239 4 connected
67ed 127.0.0.1:30002@31002 master,fail - 0 1426238316232 2 disconnected 5461-5470 7000
e7d1 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460 5471-6999 7001-16383 [93-<-67ed] [77->-292f]
"""


def test_what_a_node_tells_of_the_others_is_read() -> None:
    replica, dead, me = members(NODES)

    assert (replica.place, replica.slots) == ("127.0.0.1:30004", ())
    assert dead.is_dead and dead.slots == (range(5461, 5471), range(7000, 7001))
    assert me.moving == ("93", "77")
    slots, gone, moving = cluster_findings({"a:1": ({"cluster_state": "fail"}, NODES)})
    assert (
        slots.meaning == "16373 of 16384 slots are served; not 5461-5470, 7000; the cluster is down, says a:1"
    )
    assert "127.0.0.1:30002" in gone.meaning
    assert moving.meaning.startswith("77, 93 (told by a:1)")


def test_of_many_findings_the_worst_is_told_and_where() -> None:
    fine, bad = about("disk", "fine"), warning("disk", "full", "redis-cli CONFIG GET dir")

    assert as_one({"a:1": [bad]}) == [bad]
    assert [f.meaning for f in as_one({"a:1": [fine], "b:1": [fine]})] == ["fine"]
    (worst,) = as_one({"a:1": [fine], "b:1": [bad], "c:1": [bad]})
    assert worst.meaning == "b:1: full (and 1 more like it)"
    assert worst.fix == "redis-cli -h b -p 1 CONFIG GET dir"
    (each,) = as_one({"a:1": [bad], "b:1": [bad]})
    assert each.fix == "on every master: redis-cli CONFIG GET dir"
