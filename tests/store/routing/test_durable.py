"""How safe a submit is before it counts: on the disk, or with replicas; and servers that cannot tell."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import laws
import pytest
from faults.topologies import Node, until
from redis import Redis
from servers import Server, binaries_found, free_port, own_server

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadConfig, Unconfirmed, Usage
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.producer import Producer
from gopher_cli.store.stores.plain_socket import WireStore
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.stores.threaded import SyncStore
from gopher_cli.store.url import parse_url
from gopher_cli.verbs.doctor.server_findings import server_findings

pytestmark = pytest.mark.anyio


class Door:
    """A server, and gopher at it. ``client`` looks behind the scenes."""

    def __init__(self, url: str, namespace: str) -> None:
        self.url, self.namespace = url, namespace
        self.gopher = Gopher(store=RedisStore(parse_url(url), timeout=60.0), namespace=namespace)
        self.client = Redis.from_url(url)

    async def submit(self, durability: str, id: str) -> str:
        return await self.gopher.submit("mail", {}, durability=durability, id=id)

    def stored(self) -> int:
        return int(self.client.hlen(self.gopher.keys("default")["meta"]))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with own_server() as one:
        yield one


@pytest.fixture
async def door(server: Server, namespace: str) -> AsyncIterator[Door]:
    one = Door(server.url, namespace)
    one.client.config_set("appendonly", "yes")
    one.client.config_set("appendfsync", "everysec")
    until(lambda: not one.client.info("persistence")["aof_rewrite_in_progress"], "the log is written")
    yield one
    await one.gopher.close()
    laws.check(one.client, namespace)


# On the disk


def synced(client: Redis) -> int:
    """How far the disk is behind what was written, in bytes of the log."""
    said = client.info("persistence")
    return int(said["aof_pending_bio_fsync"]) + int(said["aof_buffer_length"])


@pytest.mark.parametrize("policy", ["everysec", "always"])
async def test_fsync_is_kept_whenever_the_server_syncs(door: Door, policy: str) -> None:
    door.client.config_set("appendfsync", policy)

    assert await door.submit("fsync", "one") == "one"
    assert await door.submit("fsync", "one") == "one"  # and again: known, and on the disk
    assert door.stored() == 1
    assert not synced(door.client)


async def test_fsync_without_a_log_is_refused_and_nothing_is_stored(door: Door) -> None:
    door.client.config_set("appendonly", "no")

    with pytest.raises(BadConfig, match="writes no append-only file") as refusal:
        await door.submit("fsync", "one")
    assert refusal.value.exit_code == 78
    assert "CONFIG SET appendonly yes" in refusal.value.hint
    assert not door.stored()


async def test_a_disk_that_is_synced_when_the_system_likes_is_refused(door: Door) -> None:
    door.client.config_set("appendfsync", "no")

    with pytest.raises(BadConfig, match="this server syncs its disk when the system likes"):
        await door.submit("fsync", "one")
    assert not door.stored()


async def test_a_log_that_is_switched_off_meanwhile_is_noticed(door: Door) -> None:
    await door.submit("fsync", "one")
    door.client.config_set("appendonly", "no")

    with pytest.raises(Unconfirmed, match="stored, but not fsync: its appendonly and appendfsync are no"):
        await door.submit("fsync", "two")
    with pytest.raises(BadConfig, match="writes no append-only file"):
        await door.submit("fsync", "three")
    assert door.stored() == 2


async def test_a_mark_that_cannot_be_written_proves_nothing(door: Door) -> None:
    """A submit that is sent again writes nothing, so a full server takes it; but not the mark."""
    await door.submit("memory", "one")
    door.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(Unconfirmed, match="stored, but not fsync: Redis answered OOM"):
            await door.submit("fsync", "one")
    finally:
        door.client.config_set("maxmemory", 0)


@pytest.mark.parametrize("kind", binaries_found())
async def test_every_server_tells_when_it_is_on_the_disk(kind: str, namespace: str) -> None:
    with own_server(binaries_found()[kind]) as server:
        door = Door(server.url, namespace)
        assert await door.submit("fsync", "one") == "one"
        assert not synced(door.client)
        await door.gopher.close()
        laws.check(door.client, namespace)


@pytest.mark.parametrize(("log", "policy"), [("yes", "everysec"), ("yes", "no"), ("no", "everysec")])
async def test_the_doctor_names_the_levels_that_a_submit_can_have(door: Door, log: str, policy: str) -> None:
    door.client.config_set("appendonly", log)
    door.client.config_set("appendfsync", policy)
    said = {name: str(value) for name, value in door.client.info().items()}

    for version in ("6.2.14", "9.1.2"):
        said["redis_version"] = version
        found = {one.name: one.meaning for one in server_findings(said, policy, snapshots=False)}
        level = "fsync" if (log, policy) == ("yes", "everysec") else "memory"
        assert found["durability"].endswith(level)
    with contextlib.nullcontext() if level == "fsync" else pytest.raises(BadConfig):
        await door.submit("fsync", "one")


# With replicas


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    """A master and its replica, without sentinels."""
    home, nodes = Path(tmp_path_factory.mktemp("pair")), []
    for _ in range(2):
        port = free_port()
        words = f"--port {port} --bind 127.0.0.1 --dir {home}/{port} --repl-diskless-sync-delay 0"
        nodes.append(Node(home, *words.split(), "--save", "", port=port))
    yield nodes
    for node in nodes:
        node.kill()


@pytest.fixture
async def replicated(pair: list[Node], namespace: str) -> AsyncIterator[tuple[Door, Node]]:
    master, replica = pair
    replica.tell("REPLICAOF", "127.0.0.1", master.port)
    until(lambda: master.client.info("replication")["connected_slaves"] == 1, "a replica")
    until(lambda: replica.client.info("replication")["master_link_status"] == "up", "a link")
    door = Door(master.url, namespace)
    yield door, replica
    replica.signal(signal.SIGCONT)
    await door.gopher.close()
    laws.check(door.client, namespace)


@contextlib.contextmanager
def frozen(node: Node, *stores: Any) -> Iterator[None]:
    """A replica that stands still; ``stores`` give it 0.8 s meanwhile, as with a time-out of 1 s."""
    before = [store._durably._wait for store in stores]
    node.signal(signal.SIGSTOP)
    for store in stores:
        store._durably._wait = 0.8
    try:
        yield
    finally:
        for store, wait in zip(stores, before, strict=True):
            store._durably._wait = wait
        node.signal(signal.SIGCONT)


async def test_a_replica_has_what_was_accepted_with_it(replicated: tuple[Door, Node]) -> None:
    door, replica = replicated

    for n in range(20):
        await door.submit("replica:1", f"j{n}")
        assert replica.client.hexists(door.gopher.keys("default")["meta"], f"j{n}")


async def test_more_replicas_than_there_are_is_refused_and_nothing_is_stored(
    replicated: tuple[Door, Node],
) -> None:
    door, replica = replicated

    with pytest.raises(BadConfig, match="replica:2 cannot be given: 1 of 2 replicas are attached"):
        await door.submit("replica:2", "one")
    replica.tell("REPLICAOF", "NO", "ONE")
    until(lambda: not door.client.info("replication")["connected_slaves"], "it has left")
    with pytest.raises(BadConfig, match="0 of 1 replicas are attached"):
        await door.submit("replica:1", "one")
    assert not door.stored()


async def test_a_job_that_a_frozen_replica_lacks_is_not_called_safe_however_often_it_is_submitted(
    replicated: tuple[Door, Node],
) -> None:
    """WAIT speaks of what its own connection has written: nothing, when the id is known. Hence the mark."""
    door, replica = replicated
    await door.submit("replica:1", "before")
    another = Door(door.url, door.namespace)  # on a connection that has never written
    with frozen(replica, door.gopher.store, another.gopher.store):
        for _ in range(2):
            with pytest.raises(Unconfirmed, match=r"^stored, but not replica:1: only 0 of 1 .* 0\.8 s"):
                await door.submit("replica:1", "one")
        with pytest.raises(Unconfirmed, match="stored, but not"):
            await another.submit("replica:1", "one")
        await another.gopher.close()
        assert door.stored() == 2

    assert await door.submit("replica:1", "one") == "one"
    assert replica.client.hexists(door.gopher.keys("default")["meta"], "one")
    assert door.stored() == 2


STORES = {"asyncio": RedisStore, "threads": SyncStore, "wire": WireStore}


@pytest.mark.parametrize("kind", STORES)
async def test_every_store_keeps_the_level(replicated: tuple[Door, Node], kind: str) -> None:
    door, replica = replicated
    store: Any = STORES[kind](parse_url(door.url), timeout=60.0)

    async def submit(id: str) -> str:
        if isinstance(store, SyncStore):
            return Producer(store=store, namespace=door.namespace).submit("mail", id=id, durability="replica")
        return await Gopher(store=store, namespace=door.namespace).submit(
            "mail", id=id, durability="replica:1"
        )

    assert await submit("one") == "one"
    assert replica.client.hexists(door.gopher.keys("default")["meta"], "one")
    with frozen(replica, store), pytest.raises(Unconfirmed, match="stored, but not replica:1"):
        await submit("two")
    if (closing := store.close()) is not None:
        await closing


async def test_the_default_of_the_settings_counts_where_nobody_says(replicated: tuple[Door, Node]) -> None:
    door, replica = replicated
    store = RedisStore(parse_url(door.url), timeout=60.0)
    safe = Gopher(store=store, namespace=door.namespace, defaults=Defaults(durability="replica:1"))
    with frozen(replica, store):
        with pytest.raises(Unconfirmed, match="stored, but not replica:1"):
            await safe.submit("mail", id="one")
        assert await safe.submit("mail", id="two", durability="memory") == "two"
    await safe.close()


async def test_a_level_that_is_none_is_refused_before_anything_is_sent(door: Door) -> None:
    with pytest.raises(Usage, match="'disk' is not a durability"):
        await door.submit("disk", "one")
    with pytest.raises(Usage, match="'disk' is not a durability"):
        Producer(store=SyncStore(parse_url(door.url)), namespace=door.namespace).submit(
            "mail", durability="disk"
        )
    assert not door.stored()
