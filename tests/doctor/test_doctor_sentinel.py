"""The doctor where sentinels watch: whether a dead master would be replaced, and by whom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults.topologies import Watched, until, watched

from gopher_cli.gopher import Gopher
from gopher_cli.model.findings import Finding
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url
from gopher_cli.verbs.doctor.topology_findings import sentinel_findings

pytestmark = pytest.mark.anyio
WATCH = {"num-other-sentinels": "2", "quorum": "2"}
SAFE = {"connected_slaves": "1", "min_slaves_good_slaves": "1"}


@pytest.fixture(scope="module")
def watch() -> Iterator[Watched]:
    with watched() as one:
        for sentinel in one.sentinels:  # a master that stands still for a while is not dead
            sentinel.tell("SENTINEL", "SET", "main", "down-after-milliseconds", 60_000)
        yield one


async def examined(url: str, namespace: str) -> dict[str, Finding]:
    async with Gopher(store=RedisStore(parse_url(url), timeout=60.0), namespace=namespace) as gopher:
        return {finding.name: finding for finding in (await gopher.diagnose()).findings}


async def test_what_sentinels_watch_over_is_told(watch: Watched, namespace: str) -> None:
    found = await examined(watch.url, namespace)

    assert (
        found["sentinels"].meaning == "3 of 3 answer, 3 watch over the master, 2 must agree that it is down"
    )
    assert (found["sentinels"].severity, found["fail-over"].severity) == ("ok", "note")
    assert "min-replicas-to-write" in found["fail-over"].meaning
    assert found["replicas"].meaning == "1 connected"

    watch.master.client.config_set("min-replicas-to-write", 1)
    found = await examined(watch.url, namespace)
    watch.master.client.config_set("min-replicas-to-write", 0)
    assert found["fail-over"].severity == "ok"


async def test_a_quorum_that_cannot_be_reached_is_critical(watch: Watched, namespace: str) -> None:
    for one in watch.sentinels:
        one.tell("SENTINEL", "SET", "main", "quorum", 4)
    found = await examined(watch.url, namespace)
    for one in watch.sentinels:
        one.tell("SENTINEL", "SET", "main", "quorum", 2)

    assert found["sentinels"].severity == "critical"
    assert "NOQUORUM" in found["sentinels"].meaning


async def test_a_sentinel_that_is_silent_is_named(watch: Watched, namespace: str) -> None:
    *_, third = watch.sentinels
    third.kill()
    found = await examined(watch.url, namespace)
    third.start()
    for one in watch.sentinels:
        until(lambda one=one: one.tell("SENTINEL", "CKQUORUM", "main"), "the quorum")

    assert found["sentinels"].severity == "warning"
    assert f"silent: {third.place}" in found["sentinels"].meaning


async def test_a_master_without_a_replica_has_no_successor(watch: Watched, namespace: str) -> None:
    (replica,) = watch.replicas
    replica.kill()
    until(lambda: not watch.master.client.info("replication")["connected_slaves"], "it is gone")
    found = await examined(watch.url, namespace)
    replica.start()
    until(lambda: watch.master.client.info("replication")["connected_slaves"], "it is back")

    assert (found["fail-over"].severity, found["fail-over"].fix) == ("warning", "attach a replica")


def test_one_sentinel_alone_is_a_warning() -> None:
    few = sentinel_findings([WATCH | {"num-other-sentinels": "1"}], [], [], SAFE)
    fine = sentinel_findings([WATCH], [], [], SAFE)

    assert [finding.severity for finding in few] == ["warning", "ok"]
    assert [finding.severity for finding in fine] == ["ok", "ok"]
