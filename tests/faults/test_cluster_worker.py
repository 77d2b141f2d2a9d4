"""A worker whose queues live on several nodes of a cluster: what one node does is nothing to the others."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from awake_clock import awake, clock
from faults.jobs import STEPS
from faults.ledger import Ledger
from faults.stage import Stage
from faults.topologies import Cluster, Node, cluster
from redis.cluster import RedisCluster
from worker.processes import FENCED, Worker, alive, ends, until

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import JobState
from gopher_cli.model.job.make import make_job
from gopher_cli.model.job.outcome import Transition
from gopher_cli.store.calls import Batch, Settlement
from gopher_cli.store.codec import encode_job
from gopher_cli.store.routing.routes import slot_of
from gopher_cli.worker.execution.settler import Settler
from gopher_cli.worker.handler_link import HandlerLink
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.runner.fetcher import Fetcher
from gopher_cli.worker.runner.unhandled_jobs import UnhandledJobs

pytestmark = [pytest.mark.anyio, pytest.mark.row("C5")]

LEASE = 3.0  # seconds, of a worker whose node will be away
COMPLETED = Transition(JobState.COMPLETED, 60.0)
STEP = 0.05  # seconds from one job of the living queue to the next


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    """Three masters without replicas. One that does not answer makes the others refuse to work, but late."""
    with cluster() as one:
        yield one


@pytest.fixture
async def scene(
    three: Cluster, fleet: Callable[..., Worker], at: Callable[..., Gopher], ledger: Ledger, namespace: str
) -> AsyncIterator[Two]:
    two = Two(three, fleet, at, ledger, namespace)
    yield two
    two.stage.lawful()


class Two:
    """Two queues: ``there`` lives on the ``node`` that will be away, ``here`` on another."""

    def __init__(
        self,
        three: Cluster,
        fleet: Callable[..., Worker],
        at: Callable[..., Gopher],
        ledger: Ledger,
        namespace: str,
    ) -> None:
        self.stage = Stage(three.url, lambda: _whole(three), fleet, at, ledger, namespace)
        self.gopher, self.ledger = self.stage.gopher, ledger
        homes: dict[int, str] = {}
        for name in (f"q{n}" for n in range(100)):
            homes.setdefault(three.owner(slot_of(self.gopher.keys(name)["meta"])).port, name)
        # What all workers tell of themselves lives on one node too: that one is the worst to lose.
        self.node = three.owner(slot_of(f"{namespace}:{{~}}:queues"))
        self.there = homes.pop(self.node.port)
        self.here = min(homes.values())

    def worker(self, *words: str, **env: str) -> Worker:
        return self.stage.worker("-Q", f"{self.there},{self.here}", *words, **env)

    async def steady(self, seconds: float) -> list[str]:
        """Jobs of the living queue that fall due one after the other."""
        jobs = [make_job("quick", {}, queue=self.here, delay=n * STEP) for n in range(1, int(seconds / STEP))]
        ids = [receipt.id for receipt in await self.gopher.submit_many(jobs)]
        self.ledger.accept(*ids)
        return ids

    def gap(self, ids: list[str], since: float, until: float) -> float:
        """The longest time in which none of these began."""
        wanted = set(ids)
        times = [run.started for run in self.ledger.starts() if run.id in wanted]
        times = [since, *(at for at in sorted(times) if since < at < until), until]
        return max(awake(before, after) for before, after in pairwise(times))

    async def lease(self, id: str) -> float:
        """When the lease of a job of ``there`` ends that was renewed just now, by our monotonic clock."""
        place = self.gopher.keys(self.there)["running"]
        before = self.node.client.zscore(place, id)
        after = await until(lambda: (now := self.node.client.zscore(place, id)) != before and now)
        return time.monotonic() + float(after) / 1000 - time.time()

    async def ends_well(self) -> Any:
        return await self.stage.ends_well(self.here, self.there)


def _whole(three: Cluster) -> Any:
    return RedisCluster(host="127.0.0.1", port=three.living[0].port)


async def _away(
    two: Two, go: Path, seconds: float, leave: Callable[[], None], come_back: Callable[[], None]
) -> None:
    """Its node is away for so long."""
    worker = two.worker("-c", "6", GOPHER_LEASE=f"{LEASE:g}s", REDIS_TIMEOUT="30s")
    (long,) = await two.stage.submit("slow", payload={"seconds": seconds + 2}, queue=two.here)
    held = [
        (await two.stage.submit(kind, payload={"until": str(go)}, queue=two.there))[0]
        for kind in ("hold", "hold-isolated")
    ]
    await two.stage.started([long, *held])
    steady = await two.steady(seconds)
    lease = await two.lease(held[0])

    began = clock()
    leave()
    said = worker.heard(*FENCED)
    assert two.there in said or FENCED[1] in said
    assert two.here not in said
    await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
    await two.stage.started(steady)  # while it is away
    await until(lambda: not [run for id in held for run in two.ledger.open(id) if alive(run.pid)])
    stopped = max(run.last for id in held for run in two.ledger.starts(id))
    gap = two.gap(steady, began, time.monotonic())
    come_back()
    back = time.monotonic()
    await two.stage.started(held, times=2)
    again = time.monotonic() - back
    go.touch()
    verdict = await two.ends_well()

    print(
        f"{verdict}; longest gap {gap:.2f} s; stopped {lease - stopped:.2f} s before the end of the lease; "
        f"again {again:.2f} s after"
    )
    assert gap < 15, "who waits for the node waits for 30 s"
    assert awake(lease, stopped) < 15, "they had stopped before it was back, at about the end of their leases"
    fenced = [line for line in worker.said if any(words in line for words in FENCED)]
    stood_still = any(two.here in line or FENCED[1] in line for line in fenced)  # all of it
    runs = {long: {1, 2} if stood_still else {1}, held[0]: {2}, held[1]: {2}}
    for id, queue in ((long, two.here), (held[0], two.there), (held[1], two.there)):
        detail = await ends(two.gopher, id, queue=queue)
        assert (detail.attempts, detail.losses) == (1, 0)
        assert len(two.ledger.starts(id)) in runs[id]
    assert (verdict.extra_runs, verdict.overlaps) == (2, 0)


async def test_a_frozen_node_fences_the_jobs_of_its_queue_and_no_other_queue_waits(
    scene: Two, tmp_path: Path
) -> None:
    node = scene.node
    try:
        await _away(
            scene,
            tmp_path / "go",
            2 * LEASE,
            lambda: node.signal(signal.SIGSTOP),
            lambda: node.signal(signal.SIGCONT),
        )
    finally:
        node.signal(signal.SIGCONT)


async def test_a_dead_node_fences_the_jobs_of_its_queue_and_no_other_queue_waits(
    scene: Two, tmp_path: Path, three: Cluster
) -> None:
    try:
        await _away(scene, tmp_path / "go", LEASE + 1, scene.node.kill, scene.node.start)
    finally:
        await _alive(three, scene.node)


async def _alive(three: Cluster, node: Node) -> None:
    if node.process.poll() is not None:
        node.start()
    await until(lambda: all(three.is_up(one) for one in three.masters))


async def test_a_runner_that_dies_while_a_node_is_dead_is_replaced_at_once_and_its_jobs_go_back_later(
    scene: Two, tmp_path: Path, three: Cluster
) -> None:
    worker = scene.worker("-c", "4")
    (held,) = await scene.stage.submit("hold", payload={"until": str(tmp_path / "go")}, queue=scene.there)
    await scene.stage.started([held])
    steady = await scene.steady(3.0)
    try:
        scene.node.kill()
        began = clock()
        os.kill(worker.runners()[0], signal.SIGKILL)
        await scene.stage.started(steady[-1:])
        gap = scene.gap(steady, began, time.monotonic())
    finally:
        await _alive(three, scene.node)
    (tmp_path / "go").touch()
    await ends(scene.gopher, held, queue=scene.there)
    verdict = await scene.ends_well()

    print(f"{verdict}; longest gap {gap:.2f} s")
    assert gap < 40  # a runner starts meanwhile, and the node is away until we say so
    assert len(scene.ledger.starts(held)) == 2


async def test_chains_over_two_queues_run_in_order_and_each_step_once_though_a_node_dies_between(
    scene: Two, three: Cluster
) -> None:
    scene.worker("-c", "4", GOPHER_LEASE="60s")
    queues, ledger = [scene.there, scene.here], scene.ledger
    chains = [
        id
        for queue in queues
        for id in await scene.stage.submit("chain", 10, payload={"queues": queues}, queue=queue)
    ]
    steps = {chain: [f"{chain}-{n}" for n in range(STEPS)] for chain in chains}
    await until(lambda: len(ledger.ends()) >= 3 * len(chains))
    try:
        scene.node.kill()
        await asyncio.sleep(2.0)
        done = len(ledger.ends())
    finally:
        await _alive(three, scene.node)
    verdict = await scene.ends_well()

    print(f"{verdict}; when the node came back {done} runs had ended")
    assert done < len(chains) * (STEPS + 1), "it was not away in between"
    assert {ledger.times()[id] for ids in steps.values() for id in ids} == {1}
    runs = {run.id: run for run in ledger.ends()}
    for ids in steps.values():
        assert [id for one, id in pairwise(ids) if runs[one].last > runs[id].started] == []


async def test_a_request_without_an_answer_is_kept_and_the_other_queue_is_fetched_from(scene: Two) -> None:
    found: list[str] = []

    def accept(batches: list[Batch]) -> None:
        found.extend(lease.id for batch in batches for lease in batch.leases)

    options = WorkerOptions(queues=((scene.there, 1), (scene.here, 1)))
    gopher = scene.stage.at(scene.stage.url, 1.0)
    fetcher = Fetcher(gopher, "w.0", options, UnhandledJobs(gopher, ["quick"], 3600.0), accept)
    there = await scene.stage.submit("quick", 3, queue=scene.there)
    here = await scene.stage.submit("quick", 40, queue=scene.here)
    scene.node.signal(signal.SIGSTOP)
    try:
        began = clock()
        async with asyncio.timeout(60):
            while len(found) < len(here):
                accept(await fetcher.fetch(5, 5))
                await asyncio.sleep(0)  # what comes late comes now
                assert not fetcher.waits
        took = awake(began)
        assert sorted(found) == sorted(here)
        assert fetcher.owing
        assert (fetcher.taken(scene.there), fetcher.taken(scene.here) > 5) == (0, True)
        await asyncio.gather(_idle_until_answered(fetcher), _thaw(scene.node))
    finally:
        scene.node.signal(signal.SIGCONT)

    print(f"40 jobs in 8 fetches took {took:.2f} s")
    assert sorted(found) == sorted([*here, *there])
    await fetcher.fetch(1, 1)
    assert fetcher.taken(scene.there) > 5
    for queue in (scene.there, scene.here):
        await scene.gopher.release(queue, "w.0")


async def _idle_until_answered(fetcher: Fetcher) -> None:
    async with asyncio.timeout(60):
        while fetcher.owing:
            await fetcher.idle()


async def test_outcomes_and_words_of_one_queue_wait_for_no_other_not_even_for_their_follow_ups(
    scene: Two,
) -> None:
    gopher, settled = scene.stage.at(scene.stage.url, 40.0), list[str]()
    queues = [scene.there, scene.here]
    link = HandlerLink(gopher, Settings())
    settler = Settler(
        gopher, "w.0", queues, link, lambda items: settled.extend(item.lease.id for item in items), bool
    )
    there, *here = [
        (await scene.gopher.reserve(queue, worker="w.0", token=f"w.0:{n}:a", sequence=n)).leases[0]
        for n, queue in enumerate([scene.there, *[scene.here] * 3], 1)
        if await scene.stage.submit("quick", queue=queue)
    ]
    child = make_job("quick", {}, queue=scene.there)
    follow_ups = ((child.id, encode_job(child)),)
    duties = [asyncio.create_task(settler.run()), asyncio.create_task(link.send_now_and_then(queues))]
    scene.node.signal(signal.SIGSTOP)
    try:
        began = clock()
        for lease in (there, *here):
            link.log(lease, "so far")
        settler.add(Settlement(there, COMPLETED))
        for n, lease in enumerate(here, 1):  # one after the other: none waits for what went before it
            settler.add(Settlement(lease, COMPLETED, follow_ups=follow_ups))
            await until(lambda n=n: len(settled) == n)  # type: ignore[misc]
        took = awake(began)
        assert settled == [lease.id for lease in here]
        assert settler.leases() == [there]
        assert settler.pending
    finally:
        scene.node.signal(signal.SIGCONT)

    print(f"three outcomes took {took:.2f} s")
    assert took < 30  # and 40 s is how long that node is waited for
    settler.close()
    await asyncio.wait_for(duties[0], 60)
    duties[1].cancel()
    assert (settled[3:], settler.pending) == ([there.id], 0)
    assert "so far" in (await scene.gopher.inspect(scene.here, here[0].id)).log[0]
    assert (await scene.gopher.inspect(scene.there, child.id)).state == "enqueued"


async def _thaw(node: Node) -> None:
    """When it has kept somebody waiting for longer than a time-out."""
    await asyncio.sleep(1.5)
    node.signal(signal.SIGCONT)
