"""Jobs that bring down the process they run in, and what their neighbours notice of it: nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from faults.conftest import SHORT, Fleet
from faults.ledger import Ledger
from laws.state import look
from redis import Redis
from worker.processes import ends, state, until

from gopher_cli.gopher import Gopher
from gopher_cli.verbs.submit import new_job

pytestmark = pytest.mark.anyio


@pytest.mark.row("W12")
async def test_a_process_that_a_job_brings_down_is_replaced_in_a_second_and_its_neighbours_work_on(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any], tmp_path: Path
) -> None:
    one = fleet("-c", "4", env={"GOPHER_LEASE": "60s"})
    kept = [await gopher.submit(type, {"until": str(tmp_path / "go")}) for type in ("hold", "hold-isolated")]
    await until(lambda: len(ledger.starts()) == 2)
    (runner,) = one.runners()
    said = {"exit": "exited with code 7", "segv": "killed by SIGSEGV", "abort": "killed by SIGABRT"}
    bad = {how: await gopher.submit("die-isolated", {"how": how}) for how in said}
    ledger.accept(*kept, *bad.values())

    for how, id in bad.items():
        detail = await ends(gopher, id, "failed")
        assert (detail.attempts, detail.losses, detail.history[-1].outcome) == (0, 3, "poison"), how
        assert said[how] in str(detail.history)
        runs = ledger.starts(id)
        gaps = [later.started - run.started for run, later in pairwise(runs)]
        assert len(runs) == 3
        assert max(gaps) < 30, gaps
        print(f"seen: after {how} again in {', '.join(f'{gap:.2f}' for gap in gaps)} s")
    (tmp_path / "go").touch()
    for id in kept:
        detail = await ends(gopher, id)
        assert (detail.attempts, detail.losses, len(ledger.starts(id))) == (1, 0, 1)
    assert one.runners() == [runner]
    await ends_well()


@pytest.mark.row("W20")
async def test_a_poisonous_job_is_buried_after_three_losses_and_the_fleet_serves_on(
    gopher: Gopher, redis: Redis, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any]
) -> None:
    workers = [fleet("-c", "4", wait=False) for _ in range(4)]
    for one in workers:
        one.heard("serving")
    await gopher.pause("default")
    jobs = [new_job(gopher.defaults, "slow", {"seconds": 0.02}) for _ in range(1000)]
    bad = await gopher.submit("poison", {}, priority=6)  # it stands in front
    await gopher.submit_many(jobs)
    ledger.accept(bad, *(job.id for job in jobs))

    began = time.monotonic()
    await gopher.pause("default", paused=False)
    detail = await ends(gopher, bad, "failed")
    buried = time.monotonic() - began
    through = (await gopher.depth("default")).sizes["completed"]
    verdict = await ends_well()

    print(f"seen: buried after {buried:.1f} s, {through} neighbours through by then, {verdict}")
    assert (detail.losses, len(ledger.starts(bad))) == (3, 3)
    assert detail.history[-1].outcome == "poison"
    await until(lambda: sum("a runner process died" in line for one in workers for line in one.said) == 2)
    assert (verdict.failed, verdict.completed) == (1, 1001)
    stored = look(redis, gopher.namespace)["default"]
    paid = [job.id for job in jobs if stored.record(job.id).attempts != 1]
    assert not paid, "a neighbour has paid with an attempt"
    assert len(await gopher.workers()) == 4, "a worker has died with it"
    assert all(one.process.poll() is None for one in workers)


@pytest.mark.row("W26")
async def test_two_workers_of_one_name_are_two_and_share_no_lease(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any], tmp_path: Path
) -> None:
    two = [fleet("-c", "1", "--name", "twin", env=lease) for lease in (SHORT, None)]
    ids = [await gopher.submit("hold", {"until": str(tmp_path / "go")}) for _ in range(2)]
    ledger.accept(*ids)
    await until(lambda: len(ledger.starts()) == 2)
    assert len({worker.id for worker in await gopher.workers()}) == 2

    lost = next(id for id in ids if ledger.starts(id)[0].pid in two[0].runners())
    (kept,) = set(ids) - {lost}
    two[0].kill()

    await until(lambda: is_back(gopher, lost))
    (tmp_path / "go").touch()
    detail = await ends(gopher, kept)
    assert (detail.attempts, detail.losses, len(ledger.starts(kept))) == (1, 0, 1)
    assert (await ends(gopher, lost)).losses == 1
    assert (await ends_well()).extra_runs == 1


async def is_back(gopher: Gopher, id: str) -> bool:
    return await state(gopher, id) == "enqueued"


@pytest.mark.row("W20")
async def test_a_suspect_starts_at_once_beside_a_long_job_and_holds_up_nobody(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any], tmp_path: Path
) -> None:
    suspect = await gopher.submit("quick", {})
    for n in (1, 2):  # it was running when its process died, twice
        await gopher.reserve("default", worker=f"d.{n}", token=f"d.{n}:t", sequence=1)
        await gopher.release("default", f"d.{n}", [suspect])
    long = await gopher.submit("hold", {"until": str(tmp_path / "go")}, priority=9)
    ids = [await gopher.submit("quick", {}) for _ in range(20)]
    ledger.accept(suspect, long, *ids)
    fleet("-c", "3")

    began = time.monotonic()
    detail = await ends(gopher, suspect)
    print(f"seen: it was through after {time.monotonic() - began:.1f} s")
    assert (detail.attempts, detail.losses) == (1, 2)
    for id in ids:
        await ends(gopher, id)
    print(f"seen: its neighbours were through after {time.monotonic() - began:.1f} s")
    assert (await gopher.inspect("default", long)).state == "processing"
    (tmp_path / "go").touch()
    await ends(gopher, long)
    await ends_well()
