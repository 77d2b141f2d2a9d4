"""Many jobs at once: all due now, then all to be deleted, and none of it keeps the server from answering."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator

import pytest
from faults.scene import Scene
from servers import Server, own_server

from gopher_cli.model.job.make import make_job
from gopher_cli.model.select.filter import Filter

pytestmark = [pytest.mark.anyio, pytest.mark.row("R20")]

# By hand with a million: GOPHER_TEST_LARGE=1000000 pytest -s --timeout 900 tests/faults/test_large.py
MANY = int(os.environ.get("GOPHER_TEST_LARGE", "30000"))


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server("", "--appendfsync", "no") as one:
        yield one


async def fetching(scene: Scene, taken: list[float]) -> None:
    """What a fetch takes that is sent now, a hundred times a second."""
    sequence = 0
    while True:
        sequence += 1
        began = time.perf_counter()
        await scene.gopher.reserve("default", worker="w", token=f"w:{sequence}:x", sequence=sequence)
        taken.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)


def worst_script(scene: Scene) -> float:
    """The longest that any command has kept the server, in ms."""
    return max((one["duration"] / 1000 for one in scene.redis.slowlog_get(1000)), default=0.0)


def scripts(scene: Scene) -> int:
    """How many were run so far."""
    return int(scene.redis.info("commandstats")["cmdstat_evalsha"]["calls"])


def p99(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.99)] * 1000


async def test_many_jobs_that_are_due_at_once_stand_in_line_in_slices(scene: Scene) -> None:
    now = scene.redis.time()[0]
    for _ in range(0, MANY, 5000):
        await scene.gopher.submit_many([make_job("quick", {}, due=now + 3600) for _ in range(5000)])
    keys, later = scene.gopher.keys("default"), str((now + 7200) * 1000)
    await scene.gopher.submit_many([make_job("quick", {}) for _ in range(5000)])
    scene.redis.config_set("slowlog-log-slower-than", 1000)
    scene.redis.slowlog_reset()
    taken, before = list[float](), scripts(scene)
    busy = asyncio.create_task(fetching(scene, taken))
    await asyncio.sleep(0)

    began = time.perf_counter()
    await scene.gopher.promote_due("default", now=later)
    seconds = time.perf_counter() - began
    busy.cancel()

    assert scene.redis.zcard(keys["scheduled"]) == 0
    print(f"{MANY} promoted in {seconds:.1f} s; {len(taken)} fetches meanwhile, p99 {p99(taken):.1f} ms; "
          f"longest command {worst_script(scene):.1f} ms")  # fmt: skip
    assert len(taken) > 1, "fetches were served meanwhile"
    assert scripts(scene) - before - len(taken) >= MANY // 1000, "sliced: never all in one go"

    scene.redis.slowlog_reset()
    many, before = scene.size("ready_normal"), scripts(scene)
    began = time.perf_counter()
    await scene.gopher.purge(Filter(states=("enqueued",)))
    print(f"{many} purged in {time.perf_counter() - began:.1f} s; longest {worst_script(scene):.1f} ms")
    assert scripts(scene) - before >= many // 1000
    assert scene.size("ready_normal") == 0
    scene.lawful()
