"""A master, its replica and three sentinels: masters that step down, die, are cut off, and come back."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from awake_clock import awake, clock
from faults.ledger import Ledger
from faults.stage import Stage, commands_of
from faults.tickers import Race
from faults.topologies import Node, Watched, until, watched
from laws.state import look
from redis import Redis
from servers import free_port
from worker.processes import Worker
from worker.processes import until as wait_until

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio
RESUMES = 5.0 + 10.0  # seconds, once the new master is there, on a machine with much else to do


@pytest.fixture
def sentinels() -> Iterator[Watched]:
    with watched() as one:
        yield one


@pytest.fixture
def stage(
    sentinels: Watched,
    fleet: Callable[..., Worker],
    at: Callable[..., Gopher],
    ledger: Ledger,
    namespace: str,
) -> Stage:
    def master() -> Redis:
        return Redis(port=sentinels.current().port)

    return Stage(sentinels.url, master, fleet, at, ledger, namespace)


def cut_off(sentinels: Watched) -> None:
    """The replicas have no link to their master any more; clients and sentinels reach them all."""
    for replica in sentinels.replicas:
        replica.tell("REPLICAOF", "127.0.0.1", free_port())
    until(lambda: not sentinels.master.client.info("replication")["connected_slaves"], "the links are cut")


async def took_over(sentinels: Watched, old: Node) -> tuple[Node, float]:
    """The new master, and when it was there."""
    new = await asyncio.to_thread(sentinels.took_over, old)
    return new, clock()


@pytest.mark.row("C1", "C9")
async def test_after_a_fail_over_that_was_asked_for_work_goes_on_within_five_seconds(
    sentinels: Watched, stage: Stage
) -> None:
    stage.worker("-c", "4")
    safe, hasty = stage.load(durability="replica:1"), stage.load()
    old = sentinels.master
    await safe.more(50)
    assert not commands_of(sentinels.replicas[0].client)  # C9: nobody has asked it anything

    await asyncio.to_thread(sentinels.fail_over)
    _, there = await took_over(sentinels, old)
    await hasty.more(150)
    resumed, silent = hasty.first_since(there), hasty.gap()
    stage.ledger.accept(*await safe.ends())
    hurried = await hasty.ends()
    verdict = await stage.ends_well()

    lost = set(hurried) - stage.everything()
    last = max((awake(there, hurried[id]) for id in lost), default=0.0)
    print(f"C1 asked: {verdict}; resumed {resumed:.2f} s after, silent {silent:.2f} s")
    print(f"  lost in memory {len(lost)} of {len(hurried)}, the last {last:.2f} s after that")
    assert resumed <= RESUMES
    assert last <= 8.0  # the old master would take more for ten seconds


@pytest.mark.row("C1", "C3")
async def test_a_killed_master_is_replaced_and_what_it_alone_knows_is_forgotten_when_it_returns(
    sentinels: Watched, stage: Stage
) -> None:
    stage.worker("-c", "4")
    safe, hasty = stage.load(durability="replica:1"), stage.load()
    old = sentinels.master
    await safe.more(50)

    sentinels.kill_master()
    died = time.monotonic()
    new, there = await took_over(sentinels, old)
    await hasty.more(100)
    resumed = hasty.first_since(there)
    assert resumed <= RESUMES

    until(lambda: sentinels.agree_on(new), "all sentinels know the new master")
    old.start()  # with all that it had, and as a master
    until(lambda: old.client.info("replication")["role"] == "slave", "it is told")
    until(lambda: old.client.info("replication")["master_link_status"] == "up", "it has given in")
    await safe.more(50)
    stage.ledger.accept(*await safe.ends())
    lost = set(await hasty.ends()) - stage.everything()
    verdict = await stage.ends_well()
    print(f"C1 killed: {verdict}; new master after {there - died:.2f} s, resumed {resumed:.2f} s later")
    print(f"  lost in memory {len(lost)} of {len(hasty.accepted)}")
    assert not {"evalsha", "eval"} & commands_of(old.client)  # nobody has spoken to it again
    until(lambda: new.client.dbsize() == old.client.dbsize(), "it has what the new one has")


@pytest.mark.row("C10")
@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=pytest.mark.slow)])
async def test_after_a_fail_over_each_instant_of_a_schedule_has_one_job(
    sentinels: Watched, stage: Stage, killed: bool
) -> None:
    """What the old master alone knew is forgotten whole: those instants are ticked again on the new one."""
    await stage.recurring()
    race = Race([stage.at(stage.url) for _ in range(3)])
    old = sentinels.master
    await stage.ticked(40)

    await asyncio.to_thread(sentinels.kill_master if killed else sentinels.fail_over)
    await took_over(sentinels, old)
    await stage.ticked(40)
    await race.ends()

    print(f"C10: {await stage.each_instant_has_one_job()} instants")


@pytest.mark.row("C2")
async def test_a_master_without_its_replica_loses_nothing_that_was_accepted_with_it(
    sentinels: Watched, stage: Stage
) -> None:
    stage.worker("-c", "4")
    safe, hasty = stage.load(durability="replica:1"), stage.load()
    old = sentinels.master
    await safe.more(50)
    cut_off(sentinels)
    await hasty.more(100)
    await wait_until(lambda: safe.refused)
    for _, error in safe.refused:
        assert error.startswith(("stored, but not replica:1", "replica:1 cannot be given"))

    await asyncio.to_thread(sentinels.fail_over)
    await took_over(sentinels, old)
    await hasty.more(150)
    stage.ledger.accept(*await safe.ends())
    risked = await hasty.ends()
    verdict = await stage.ends_well()

    lost = set(risked) - stage.everything()
    print(
        f"C2: {verdict}; of replica:1 lost 0 of {len(safe.accepted)}, of memory {len(lost)} of {len(risked)}"
    )
    assert lost, "nothing was at risk: the cut has not worked"


@pytest.mark.row("C4")
async def test_a_fetch_that_was_rolled_back_is_made_again_and_one_outcome_counts(
    sentinels: Watched, stage: Stage, tmp_path: Path
) -> None:
    gate, old = tmp_path / "gate", sentinels.master
    ids = await stage.submit("hold", 2, {"until": str(gate)}, durability="replica:1")
    cut_off(sentinels)
    first_worker = stage.worker("-c", "2")
    await stage.started(ids)
    first_worker.signal(signal.SIGTERM)  # it ends what it runs, and fetches no more

    await asyncio.to_thread(sentinels.fail_over)
    await took_over(sentinels, old)
    stage.worker("-c", "2")
    await stage.started(ids, times=2)
    gate.touch()
    verdict = await stage.ends_well()

    (state,) = look(stage.whole(), stage.namespace).values()
    for id in ids:
        first, second = stage.ledger.starts(id)
        assert (first.token != second.token, first.pid != second.pid) == (True, True)
        assert state.record(id).token == f"!{second.token}"
    assert state.counts["completed"] == len(state.completed)
    print(f"C4: {verdict}; {first.token} gave way to {second.token}")
