"""Operators at once: purge, requeue, cancel and pause under load, against each other and against workers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from faults.scene import Scene
from servers import Server, own_server
from worker.processes import PATIENCE, Worker, until

from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter

pytestmark = [pytest.mark.anyio, pytest.mark.row("S6")]


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server() as one:
        yield one


def check_while_all_stand_still(scene: Scene, workers: list[Worker]) -> None:
    """The laws hold between any two scripts: so nobody may send one while we read."""
    signal_all(workers, signal.SIGSTOP)
    try:
        end = time.monotonic() + PATIENCE
        while not all(stands_still(pid) for one in workers for pid in (one.process.pid, *one.runners())):
            assert time.monotonic() < end
        for _ in range(3):  # whatever was on its way has arrived
            scene.redis.ping()
        scene.lawful()
    finally:
        signal_all(workers, signal.SIGCONT)


def signal_all(workers: list[Worker], number: signal.Signals) -> None:
    """Each runner has a session of its own."""
    for one in workers:
        for pid in (one.process.pid, *one.runners()):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def test_two_of_each_at_once_leave_every_job_in_one_place_and_every_count_right(
    scene: Scene, at: Callable[..., Gopher]
) -> None:
    """Each operator has connections of its own, as a command would."""
    workers = [scene.worker("-c", "4") for _ in range(2)]
    operators = [at(scene.server.url) for _ in range(8)]
    purged, requeued = list[int](), list[int]()

    async def purge(one: Gopher) -> None:
        purged.append((await one.purge(Filter(states=("failed", "completed")), limit=50)).changed)

    async def requeue(one: Gopher) -> None:
        wanted = Filter(states=("failed", "cancelled"))
        requeued.append((await one.retry_all(wanted, limit=50)).changed)

    async def cancel(one: Gopher) -> None:
        await one.cancel(
            "default", [row.id for row in await one.jobs(Filter(states=("enqueued",)), limit=20)]
        )

    async def pause(one: Gopher) -> None:
        await one.pause("default")
        await one.pause("default", paused=False)

    for _ in range(6):
        for kind in ("quick", "fail", "flaky"):
            jobs = await scene.gopher.submit_many(scene.jobs(kind, 40, max_retries=1))
            assert all(job.accepted for job in jobs)
        await until(lambda: scene.size("failed"))  # something to purge, and to requeue
        deeds = (purge, purge, requeue, requeue, cancel, cancel, pause, pause)
        await asyncio.gather(*(deed(one) for deed, one in zip(deeds, operators, strict=True)))
        check_while_all_stand_still(scene, workers)

    assert sum(purged) and sum(requeued)
    await scene.gopher.pause("default", paused=False)
    await scene.ends_well()
    assert scene.count("purged") == sum(purged)
    total = scene.size("completed") + scene.size("failed") + scene.size("cancelled")
    assert scene.count("enqueued") == 6 * 3 * 40 + 1 == total + sum(purged) + scene.count("expired")


async def test_of_two_purges_each_job_is_counted_by_one(scene: Scene, at: Callable[..., Gopher]) -> None:
    await scene.gopher.submit_many(scene.jobs("quick", 2000))

    one, two = await asyncio.gather(
        *(at(scene.server.url).purge(Filter(states=("enqueued",))) for _ in range(2))
    )

    assert one.changed + two.changed == 2000 == scene.count("purged")
    scene.worker("-c", "4")
    await scene.ends_well()


async def test_a_requeue_and_a_purge_of_the_dead_share_them(scene: Scene, at: Callable[..., Gopher]) -> None:
    scene.worker("-c", "8")
    await scene.submit("fail", 600, max_retries=0)
    await until(lambda: scene.size("failed") == 600)
    await scene.gopher.pause("default")

    again, gone = await asyncio.gather(
        at(scene.server.url).retry_all(Filter(states=("failed",))),
        at(scene.server.url).purge(Filter(states=("failed",))),
    )

    assert again.changed + gone.changed >= 600, "what was requeued cannot be purged as dead"
    assert scene.size("ready_normal") == again.changed and gone.changed == 600 - again.changed
    await scene.gopher.pause("default", paused=False)
    await scene.ends_well()


async def test_a_move_beside_a_retry_of_all_leaves_no_job_in_two_queues(
    scene: Scene, at: Callable[..., Gopher]
) -> None:
    scene.worker("-c", "50")
    await scene.submit("fail", 1500, max_retries=0)
    await until(lambda: scene.size("failed") == 1500)
    await scene.gopher.pause("default")
    dead = Filter(states=("failed",), queues=("default",))

    one, two = at(scene.server.url), at(scene.server.url)
    moved, again = await asyncio.gather(one.retry_all(dead, target="slow"), two.retry_all(dead))

    there, here = (set(scene.redis.hkeys(scene.gopher.keys(queue)["meta"])) for queue in ("slow", "default"))
    assert not there & here
    assert (len(there), len(here)) == (moved.changed, again.changed)
    assert moved.changed + again.changed == 1500
    await scene.gopher.pause("default", paused=False)
