"""The doctor on a system at work: what is only on its way is no finding."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import builders
import pytest
from worker.conftest import environ, worker  # noqa: F401 (fixtures)
from worker.processes import Worker, until

from doctor.ward import troubles
from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter
from gopher_cli.verbs.doctor import diagnose
from gopher_cli.verbs.doctor.diagnose import Diagnosis
from gopher_cli.verbs.read import fleet

pytestmark = pytest.mark.anyio
LOOKS = 20
MOST = 120  # jobs at a time: a look shall not take for ever


async def traffic(gopher: Gopher, over: asyncio.Event) -> int:
    """Jobs of every kind, some cancelled, some purged, until it is over; how many were submitted."""
    rounds = 0
    while not over.is_set():
        rounds += 1
        jobs = [
            *(
                builders.job(f"{kind}-{rounds}-{n}", type=kind, priority=n % 11)
                for n in range(5)
                for kind in ("quick", "slow", "unsteady", "parent", "doomed")
            ),
            builders.job(
                f"u-{rounds}", type="quick", unique_key=f"k{rounds % 3}", unique_for=0.5 * (rounds % 2)
            ),
            builders.job(f"d-{rounds}", type="quick", delay=0.05),
            builders.job(f"x-{rounds}", type="slow", delay=0.2),
            builders.job(f"c-{rounds}", type="quick", after=[f"slow-{rounds}-0", f"slow-{rounds}-1"]),
            builders.job(f"n-{rounds}", type="quick", retention=0.0),
        ]
        await gopher.submit_many(jobs)
        await gopher.cancel("default", [f"slow-{rounds}-{n}" for n in range(2, 4)] + [f"x-{rounds}"])
        await gopher.retry_all(Filter(states=("failed",)), limit=5)
        while sum((await gopher.depth("default")).sizes.values()) > MOST and not over.is_set():
            await gopher.purge(Filter(states=("completed", "failed", "cancelled")), limit=100)
            await asyncio.sleep(0.02)
    return rounds


@pytest.fixture(autouse=True)
def _slow_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker may stand still for a while: it is alive, and does its rounds later."""
    monkeypatch.setattr(fleet, "_ALIVE_MS", 60_000)
    monkeypatch.setattr(diagnose, "_PATIENCE", 60.0)


async def test_a_busy_system_is_well(gopher: Gopher, worker: Callable[..., Worker]) -> None:  # noqa: F811
    one = worker("--app", "doctor.busy_app:app", "--concurrency", "10")
    over = asyncio.Event()
    load = asyncio.create_task(traffic(gopher, over))
    looks: list[Diagnosis] = []

    async def looked() -> bool:
        """Often enough, and while something moved: the worker may have stood still all the time."""
        looks.append(await gopher.diagnose())
        return len(looks) >= LOOKS and len({found.jobs for found in looks}) > 1

    try:
        await until(lambda: _completed(gopher, 20))
        await until(looked)
    finally:
        over.set()
        rounds = await load

    # Some of its types fail on purpose.
    assert [{k for k in troubles(found) if k != "failing types"} for found in looks] == [set()] * len(looks)
    assert rounds > 1 and one.process.poll() is None


async def _completed(gopher: Gopher, count: int) -> bool:
    return (await gopher.depth("default")).counters.get("completed", 0) >= count
