"""Handlers that heed nothing: no heartbeat is missed, and the job ends soon after its timeout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from worker.processes import Worker, alive, lines, until

from gopher_cli.gopher import Gopher
from safety.conftest import APP

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]
LEASE = {"GOPHER_LEASE": "6s"}  # shorter than what it takes to be rid of a job that heeds nothing
BLOCKING = ["spin", "hold-the-gil", "read-for-ever"]


def margin(redis: Redis, namespace: str) -> float:
    """Seconds that the shortest lease still has, by the server's clock; many where there is none."""
    seconds, micros = redis.time()
    ends = [end for _, end in redis.zrange(f"{namespace}:{{default}}:running", 0, -1, withscores=True)]
    return min((end / 1000 - seconds - micros / 1e6 for end in ends), default=99.0)


@pytest.mark.row("W15")
async def test_whoever_blocks_its_process_keeps_its_lease_and_is_timed_out(
    gopher: Gopher, worker: Start, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    """A loop in Python, C code that holds the GIL, a read in the kernel: each in a process of its own.

    A second worker stands by: it would take every lease that ends.
    """
    one = worker("--app", APP, "--processes", "3", "-c", "1", env=LEASE)
    worker("--app", APP, "-c", "1", env=LEASE)
    file = tmp_path / "f"
    ids = [await gopher.submit(type, {"file": str(file)}, timeout=0.5, max_retries=0) for type in BLOCKING]
    least = 99.0

    async def over() -> Any:
        nonlocal least
        least = min(least, margin(redis, namespace))
        found = [await gopher.inspect("default", id) for id in ids]
        return found if all(one.state == "failed" for one in found) else None

    for detail in await until(over):
        assert [one.outcome for one in detail.history] == ["timed out"]
        assert (detail.attempts, detail.losses) == (1, 0)
    one.heard("a job blocked it past its timeout")
    print(f"of a lease of 6 s at least {least:.2f} s were left")
    assert least > 0
    assert sorted(lines(file)) == sorted(BLOCKING)


@pytest.mark.row("W15")
async def test_who_ignores_sigterm_is_killed(
    gopher: Gopher, worker: Start, program: Any, redis: Redis, namespace: str, tmp_path: Path
) -> None:
    deaf = program(f"trap '' TERM; echo $$ >> {tmp_path}/pid; while :; do sleep 0.1; done")
    worker("--app", APP, "--exec", f"deaf={deaf}", env=LEASE)
    file = tmp_path / "f"
    ids = [
        await gopher.submit("ignore-sigterm", {"file": str(file)}, timeout=1.5),
        await gopher.submit("deaf", timeout=1.5, max_retries=0),
    ]
    least = 99.0

    async def over() -> bool:
        nonlocal least
        least = min(least, margin(redis, namespace))
        return {(await gopher.inspect("default", id)).state for id in ids} == {"completed", "failed"}

    await until(over)

    for id in ids:
        assert (await gopher.inspect("default", id)).history[0].outcome == "timed out"
    print(f"of a lease of 6 s at least {least:.2f} s were left")
    assert least > 0
    await until(lambda: not any(alive(int(pid)) for pid in lines(tmp_path / "pid")))
