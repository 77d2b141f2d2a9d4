"""A cluster whose slots move under load, whose masters die, and whose nodes are named wrongly."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from random import Random
from typing import Any

import pytest
from awake_clock import clock
from driver import Queue
from faults.ledger import Ledger
from faults.stage import Stage, commands_of
from faults.tickers import Race
from faults.topologies import Cluster, Node, cluster
from laws.walk import Walk
from redis.cluster import RedisCluster
from worker.processes import Worker, until

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import TryLater, Unavailable
from gopher_cli.model.job.make import make_job
from gopher_cli.store.keyspace import QUEUE_KEYS
from gopher_cli.store.routing.routes import slot_of

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    """Three masters. Whoever moves a slot leaves it somewhere."""
    with cluster() as one:
        yield one


@pytest.fixture
def six() -> Iterator[Cluster]:
    with cluster(replicas=1) as one:
        yield one


def whole(of: Cluster) -> Any:
    return RedisCluster(host="127.0.0.1", port=of.living[0].port)


@pytest.fixture
def staged(
    fleet: Callable[..., Worker], at: Callable[..., Gopher], ledger: Ledger, namespace: str
) -> Callable[[Cluster], Stage]:
    return lambda of: Stage(of.url, lambda: whole(of), fleet, at, ledger, namespace)


@pytest.fixture
async def stage(three: Cluster, staged: Callable[[Cluster], Stage]) -> AsyncIterator[Stage]:
    stage = staged(three)
    yield stage
    stage.lawful()


def slot(stage: Stage, queue: str = "default") -> int:
    return slot_of(stage.gopher.keys(queue)["meta"])


def on(of: Cluster, node: Node, stage: Stage) -> str:
    """A queue that lives on this node."""
    return next(f"q{n}" for n in range(1000) if of.owner(slot(stage, f"q{n}")) is node)


# Masters that die


@pytest.mark.row("C5", "C9")
async def test_a_killed_master_is_replaced_and_work_goes_on_in_ten_seconds(
    six: Cluster, staged: Callable[[Cluster], Stage]
) -> None:
    stage = staged(six)
    stage.worker("-c", "4")
    load = stage.load()
    await load.more(50)
    assert not [node for node in six.replicas if commands_of(node.client)]  # C9

    old = six.owner(slot(stage))
    six.kill(old)
    died = clock()
    await until(lambda: six.owner(slot(stage)) is not old)
    there = clock()
    await load.more(100)
    resumed = load.first_since(there)
    hurried = await load.ends()
    lost = set(hurried) - stage.everything()
    verdict = await stage.ends_well()

    print(f"C5: {verdict}; new master after {there - died:.2f} s, resumed {resumed:.2f} s later")
    print(f"  of memory lost {len(lost)} of {len(hurried)}")
    assert resumed <= 10
    assert six.owner(slot(stage)) is not old


@pytest.mark.row("C5")
async def test_while_one_master_is_frozen_the_queues_of_the_others_are_served(
    three: Cluster, stage: Stage
) -> None:
    frozen = three.masters[1]
    here, there = on(three, three.masters[0], stage), on(three, frozen, stage)
    hasty, patient = stage.at(three.url, 0.5), stage.at(three.url)
    for queue in (here, there):
        await patient.submit("quick", queue=queue)
    frozen.signal(signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            await hasty.submit("quick", queue=there)
        waits = asyncio.create_task(patient.submit("quick", queue=there))
        assert await patient.submit("quick", queue=here)
        assert not waits.done()
    finally:
        frozen.signal(signal.SIGCONT)
    assert await waits
    await until(lambda: all(three.is_up(node) for node in three.masters))


# Slots that move


async def move(of: Cluster, stage: Stage, to: Node, dice: Random) -> None:
    for _ in of.moving(slot(stage), to, dice):
        await asyncio.sleep(0.004)


def elsewhere(of: Cluster, stage: Stage) -> Node:
    return of.masters[(of.masters.index(of.owner(slot(stage))) + 1) % 3]


@pytest.mark.row("C6")
async def test_a_slot_that_moves_key_by_key_under_load_loses_nothing(three: Cluster, stage: Stage) -> None:
    before, dice = three.refusals(), Random(6)
    stage.worker("-c", "4")
    stage.ledger.accept(
        *await stage.submit("quick", 100, delay=1.0), *await stage.submit("quick", 100, delay=60)
    )
    load = stage.load(size=5)
    for _ in range(3):
        await load.more(50)
        await move(three, stage, elsewhere(three, stage), dice)
    await load.more(50)
    stage.ledger.accept(*await load.ends())
    await stage.gopher.promote_due("default", now=str(round((time.time() + 100) * 1000)))
    verdict = await stage.ends_well()

    refused = {code: n - before.get(code, 0) for code, n in three.refusals().items()}
    print(f"C6: {verdict}; sent elsewhere or to wait: {refused}; told to people: {len(load.refused)}")
    assert refused["TRYAGAIN"], "it was never in two places"
    assert verdict.extra_runs == 0


@pytest.mark.row("C6")
async def test_a_slot_that_moves_at_once_under_load_loses_nothing(three: Cluster, stage: Stage) -> None:
    stage.worker("-c", "4")
    load = stage.load(60.0, size=5)
    for _ in range(3):
        await load.more(50)
        await asyncio.to_thread(three.move_at_once, slot(stage), elsewhere(three, stage))
    await load.more(50)
    stage.ledger.accept(*await load.ends())
    verdict = await stage.ends_well()

    print(f"C6 at once: {verdict}; told to people: {len(load.refused)}; silent {load.gap():.2f} s")
    assert not load.refused
    assert verdict.extra_runs == 0


@pytest.mark.row("C11")
async def test_while_its_slot_moves_key_by_key_each_instant_of_a_schedule_has_one_job(
    three: Cluster, stage: Stage
) -> None:
    dice = Random(11)
    await stage.recurring()
    race = Race([stage.at(stage.url) for _ in range(3)])
    for _ in range(2):
        await stage.ticked(40)
        await move(three, stage, elsewhere(three, stage), dice)
    await stage.ticked(40)
    await race.ends()

    count = await stage.each_instant_has_one_job()
    assert (await stage.gopher.schedule_row("s")).standing.missed == 0
    print(f"C11: {count} instants; told to wait {len(race.refused)} times")


@pytest.mark.row("C7")
async def test_a_bulk_that_is_submitted_while_its_slot_moves_is_stored_once(
    three: Cluster, stage: Stage
) -> None:
    jobs = [make_job("quick", {}) for _ in range(20_000)]
    again = 0

    async def submit() -> None:
        nonlocal again
        for start in range(0, len(jobs), 1000):
            while True:
                try:
                    await stage.gopher.submit_many(jobs[start : start + 1000])
                    break
                except TryLater:
                    again += 1

    submitting = asyncio.create_task(submit())
    for n in range(3):
        assert not submitting.done()
        await move(three, stage, elsewhere(three, stage), Random(n))
        await asyncio.sleep(0.05)
    await submitting

    depth = await stage.gopher.depth("default")
    print(
        f"C7: {depth.counters['enqueued']} of {len(jobs)} stored, 3 moves; told to try again: {again} times"
    )
    assert depth.counters["enqueued"] == len(stage.everything()) == len(jobs)
    keys = stage.gopher.keys("default")
    whole(three).unlink(*[keys[name] for name in QUEUE_KEYS])  # the laws of so many take seconds to look at


# Idle workers, and the laws


async def test_an_idle_worker_of_two_queues_on_two_nodes_is_woken_at_once(
    three: Cluster, stage: Stage
) -> None:
    queues = [on(three, node, stage) for node in three.masters[:2]]
    stage.worker("-c", "2", "--queue", ",".join(queues), "--poll-interval", "30s")
    took = []
    await stage.started(await stage.submit("quick", queue=queues[0]))
    for n in range(10):
        began, queue = time.monotonic(), queues[n % 2]
        (id,) = await stage.submit("quick", queue=queue)
        await stage.started([id])
        took.append(stage.ledger.starts(id)[0].started - began)
    verdict = await stage.ends_well(*queues)

    took.sort()
    print(f"idle pick-up: median {took[5] * 1000:.1f} ms, worst {took[-1] * 1000:.1f} ms; {verdict}")
    assert took[5] < 10  # the poll interval is 30 s


def test_the_laws_hold_on_a_long_walk_through_a_cluster(three: Cluster, namespace: str) -> None:
    """Every script names all its keys, and they live together."""
    Walk(Queue(whole(three), namespace), seed=3).go(60, every=6)


async def test_events_of_queues_that_live_apart_are_told_together(
    stage: Stage, three: Cluster, at: Callable[..., Gopher]
) -> None:
    queues = [f"told-{n}" for n in range(6)]
    gopher = at(three.url)
    for queue in queues:
        await gopher.submit("mail", {}, queue=queue)
    looking = gopher.event_reader(queues)
    await looking.look()
    ids = [await gopher.submit("mail", {}, queue=queue) for queue in queues]
    told = await looking.look()
    again = await gopher.event_reader(queues, last_id=str(told[0].id)).look()

    assert gopher.store.scattered
    assert sorted(id for event in told for id in event.job_ids) == sorted(ids)
    assert set(ids) - set(told[0].job_ids) <= {id for event in again for id in event.job_ids}
