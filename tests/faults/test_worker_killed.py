"""A worker that is killed at any step of a job: what it held runs again, and no outcome counts twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from awake_clock import awake, clock
from faults.conftest import SHORT, Fleet
from faults.ledger import Ledger
from redis import Redis
from worker.processes import Worker, alive, children_of, descendants, ends, until

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio

NOT_DONE = ("fetch.sent", "fetch.replied", "job.before_start", "job.started")
PROMISED = 20.0  # seconds


async def hanging(gopher: Gopher, fleet: Fleet, ledger: Ledger, points: tuple[str, ...]) -> dict[str, str]:
    """For each point a worker that hangs there, with a job of a queue of that name; the ids."""
    await gopher.reserve("elsewhere", worker="x.0", token="x.0:1", sequence=1)  # now Redis has the script
    ids = {point: await gopher.submit("quick", {}, queue=point) for point in points}
    ledger.accept(*ids.values())
    workers = [fleet("-Q", point, "-c", "2", env=SHORT | hang(point), wait=False) for point in points]
    for point, one in zip(points, workers, strict=True):
        one.heard(f"failpoint {point}")
    return ids


def hang(point: str) -> dict[str, str]:
    return {"GOPHER_FAILPOINT": f"{point}:hang"}


async def kill(one: Worker) -> list[int]:
    """Its supervisor alone, as the kernel would: all that it has started must end by itself."""
    pids = [one.process.pid, *descendants(one.process.pid)]
    one.process.kill()
    one.process.wait()
    await until(lambda: not any(map(alive, pids)))
    return pids


@pytest.mark.row("W1", "W2")
async def test_a_job_whose_worker_is_killed_before_its_end_runs_again_with_its_attempt_unspent(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any]
) -> None:
    ids = await hanging(gopher, fleet, ledger, NOT_DONE)
    for point, id in ids.items():
        await ends(gopher, id, "processing", point)
    for one in fleet.workers:
        await kill(one)
    began = clock()

    fleet("-Q", ",".join(NOT_DONE))

    for point, id in ids.items():
        detail = await ends(gopher, id, "completed", point)
        assert (detail.attempts, detail.losses) == (1, 1), point
    assert awake(began) < PROMISED
    print(f"seen: run again {awake(began):.1f} s after the kill, with a lease of 3 s")
    assert len(ledger.starts()) == len(ids), "one that was killed before its start has run twice"
    assert (await ends_well(queues=NOT_DONE)).extra_runs == 0


@pytest.mark.row("W3", "W14")
async def test_nothing_of_a_killed_worker_works_on(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any], tmp_path: Path
) -> None:
    one = fleet("-c", "3", "--processes", "2", env=SHORT)
    ids = []
    for type in ("hold", "hold-thread", "hold-isolated"):
        ids.append(await gopher.submit(type, {"until": str(tmp_path / "go")}))
        ledger.accept(ids[-1])
    await until(lambda: len(ledger.starts()) == 3)

    pids = await kill(one)
    assert {run.pid for run in ledger.starts()} <= set(pids)
    (tmp_path / "go").touch()  # whoever still ran would now write that it has ended
    fleet("-c", "3")

    for id in ids:
        detail = await ends(gopher, id)
        assert (detail.attempts, detail.losses) == (1, 1)
        first, second = ledger.starts(id)
        print(f"seen: it ran again {second.started - first.last:.1f} s after its last sign of life")
        assert first.how == "", "a handler of a dead worker has worked on"
        assert first.last < second.started
    assert (await ends_well()).extra_runs == 3


@pytest.mark.row("W3")
@pytest.mark.parametrize(("kind", "losses"), [("quick-isolated", 0), ("quick", 2)])
async def test_a_worker_that_dies_with_a_fresh_child_leaves_none_behind_and_it_is_no_jobs_last_loss(
    gopher: Gopher,
    redis: Redis,
    fleet: Fleet,
    ledger: Ledger,
    ends_well: Callable[..., Any],
    kind: str,
    losses: int,
) -> None:
    id = await gopher.submit(kind, {})
    ledger.accept(id)
    for n in range(losses):  # with two of them it runs in a process of its own
        await gopher.reserve("default", worker=f"d.{n}", token=f"d.{n}:t", sequence=1, count=1)
        await gopher.release("default", f"d.{n}", [id])
    one = fleet(env=SHORT | hang("child.spawned"))
    one.heard("failpoint child.spawned")
    (runner,) = one.runners()
    (child,) = await until(lambda: children_of(runner))
    lease = partial(redis.zscore, gopher.keys("default")["running"], id)
    taken = lease()
    await until(lambda: lease() > taken + 200)  # ms: it was renewed, while it had not begun
    assert not losses or lease() % 1 == 0.5, "no renewal says that it had"

    one.signal(signal.SIGSTOP)  # so that it does not start another, which would hang as well
    os.kill(runner, signal.SIGKILL)
    await until(lambda: not alive(child))
    one.kill()
    fleet()

    detail = await ends(gopher, id)
    assert (detail.attempts, len(ledger.starts(id))) == (1, 1)
    assert detail.losses == (losses or 1), "without a loss, the start counts too"
    await ends_well()


@pytest.mark.row("W4", "W5")
async def test_killed_after_the_work_a_job_runs_again_unless_its_end_was_already_on_its_way(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any]
) -> None:
    points = ("job.done_before_ack", "ack.sent", "ack.replied")
    ids = await hanging(gopher, fleet, ledger, points)
    for point in points[1:]:
        await ends(gopher, ids[point], "completed", point)
    for one in fleet.workers:
        await kill(one)

    fleet("-Q", ",".join(points))

    again = await ends(gopher, ids[points[0]], "completed", points[0])
    assert (again.attempts, again.losses) == (1, 1)
    assert [len(ledger.ends(ids[point])) for point in points] == [2, 1, 1]
    verdict = await ends_well(queues=points)
    assert (verdict.extra_runs, verdict.overlaps) == (1, 0)
    for point in points[1:]:
        assert (await gopher.inspect(point, ids[point])).losses == 0


@pytest.mark.row("W1")
async def test_a_supervisor_that_dies_in_the_middle_of_its_duties_harms_no_job(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any]
) -> None:
    queues = ("hb.sent", "promote.sent", "reclaim.sent")
    workers = [
        fleet("-Q", queue, env=SHORT | {"GOPHER_FAILPOINT": f"{queue}:kill9:3"}, wait=False)
        for queue in queues
    ]
    ids = {}
    for queue in queues:
        for n in range(5):
            ids[await gopher.submit("slow", {"seconds": 0.3}, queue=queue)] = queue
            ids[await gopher.submit("quick", {}, queue=queue, delay=0.5 + n / 10)] = queue
    ledger.accept(*ids)
    for one in workers:
        assert one.ended() == -signal.SIGKILL

    fleet("-Q", ",".join(queues))

    for id, queue in ids.items():
        assert (await ends(gopher, id, "completed", queue)).attempts == 1
    await ends_well(queues=queues)
