"""Workers that stand still: stopped, stalled, or asleep with the whole machine, and awake again."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults.conftest import SHORT, Fleet
from faults.ledger import Ledger
from faults.verdict import settled
from redis import Redis
from servers import own_server
from worker.processes import Worker, alive, ends, state, until

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.supervisor.crew import Crew
from gopher_cli.worker.supervisor.queue_duties import QueueDuties

pytestmark = pytest.mark.anyio

LEASE = 3.0  # seconds, of SHORT
DOUBT = 3.6  # seconds that a worker with a heartbeat of 6 s sees a lease expired before it takes it


def stop(one: Worker) -> None:
    """Its supervisor and its runners, each in a group of its own; isolated processes go on."""
    for pid in (one.process.pid, *one.runners()):
        os.kill(pid, signal.SIGSTOP)


def wake(one: Worker) -> None:
    for pid in (one.process.pid, *one.runners()):
        os.kill(pid, signal.SIGCONT)


@pytest.mark.row("W6")
async def test_after_three_leases_of_standing_still_a_job_that_nobody_took_ends_as_if_nothing_had_been(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any], tmp_path: Path
) -> None:
    one = fleet("-c", "3", env=SHORT)
    types = ("hold", "hold-thread", "hold-isolated")
    ids = [await gopher.submit(type, {"until": str(tmp_path / "go")}) for type in types]
    ledger.accept(*ids)
    await until(lambda: len(ledger.starts()) == 3)

    stop(one)
    await asyncio.sleep(3 * LEASE)
    (tmp_path / "go").touch()
    wake(one)

    for id in ids:
        detail = await ends(gopher, id)
        assert (detail.attempts, detail.losses, len(ledger.starts(id))) == (1, 0, 1)
    assert (await ends_well()).extra_runs == 0


@pytest.mark.row("W7", "W8")
@pytest.mark.parametrize("whole", [True, False], ids=["the whole worker", "its supervisor alone"])
async def test_who_stood_still_while_another_took_its_job_stops_it_and_works_on(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any], tmp_path: Path, whole: bool
) -> None:
    one = fleet("-c", "3", env=SHORT)
    types = ("hold", "hold-isolated")
    ids = [await gopher.submit(type, {"until": str(tmp_path / "go")}) for type in types]
    ledger.accept(*ids)
    await until(lambda: len(ledger.starts()) == 2)

    stop(one) if whole else one.signal(signal.SIGSTOP)
    fleet("-c", "3")
    await until(lambda: len(ledger.starts()) == 4)
    woken = time.monotonic()
    wake(one)
    first, isolated = (ledger.starts(id)[0] for id in ids)
    await until(lambda: ledger.starts(ids[0])[0].how == "STOPPED")
    print(f"seen: its first run had stopped {time.monotonic() - woken:.2f} s after it woke")
    await until(lambda: not alive(isolated.pid))
    (tmp_path / "go").touch()

    for id in ids:
        detail = await ends(gopher, id)
        assert (detail.attempts, detail.losses) == (1, 1)
    await ends_well()
    both = {"until": str(tmp_path / "both")}
    served = [await gopher.submit("hold", both) for _ in range(6)]  # more than the other can
    ledger.accept(*served)
    await until(lambda: all(ledger.starts(id) for id in served))
    (tmp_path / "both").touch()
    await ends_well()
    assert first.pid in {run.pid for id in served for run in ledger.starts(id)}, "it serves no more"


@pytest.mark.row("W7")
async def test_an_outcome_of_a_worker_that_stood_still_is_refused_when_another_has_the_job(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any]
) -> None:
    # Its handler has ended, and the outcome is on its tongue, when it is stopped.
    one = fleet("-c", "1", env=SHORT | {"GOPHER_FAILPOINT": "job.done_before_ack:sleep=5000:1"})
    id = await gopher.submit("quick", {})
    ledger.accept(id)
    one.heard("failpoint job.done_before_ack")

    stop(one)
    fleet("-c", "1")
    detail = await ends(gopher, id)
    wake(one)

    assert "too late" in one.heard("an outcome came too late")
    assert (detail.attempts, detail.losses) == (1, 1)
    assert (await gopher.inspect("default", id)).result == detail.result
    verdict = await ends_well()
    assert (verdict.extra_runs, verdict.completed) == (1, 2)


@pytest.mark.row("W25")
async def test_a_machine_that_slept_for_ten_minutes_wakes_up_with_all_its_jobs(
    fleet: Fleet, ledger: Ledger, at: Callable[..., Gopher], namespace: str, tmp_path: Path
) -> None:
    """Asleep: everything stands still, and then the clock is ten minutes ahead. Timers do not see it."""
    with own_server(shims=["clock"]) as server, Redis.from_url(server.url) as redis:
        gopher = at(server.url)
        one = fleet("-c", "4", url=server.url)
        ids = [await gopher.submit("hold", {"until": str(tmp_path / "go")}) for _ in range(4)]
        ledger.accept(*ids)
        await until(lambda: len(ledger.starts()) == 4)
        two = [one, fleet("-c", "2", url=server.url, env={"GOPHER_HEARTBEAT": "6s"})]

        for one in two:
            stop(one)
        server.stop()
        server.control.set_clock(600)
        server.cont()
        for one in two:
            wake(one)
        await asyncio.sleep(DOUBT + 1)  # time enough to take what must not be taken
        server.set_clock(600)

        assert [await state(gopher, id) for id in ids] == ["processing"] * 4
        (tmp_path / "go").touch()
        for id in ids:
            detail = await ends(gopher, id)
            assert (detail.attempts, detail.losses) == (1, 0)
        assert (await settled(redis, namespace, gopher, ledger)).extra_runs == 0


async def test_who_stood_still_between_two_looks_takes_no_job_before_its_own_heartbeat(
    gopher: Gopher,
) -> None:
    """All that it holds may look expired then, and nobody but itself be late."""
    visits = QueueDuties(Crew.create(gopher, Settings(), WorkerOptions()), ["default"])
    id = await gopher.submit("quick")
    await gopher.reserve("default", worker="w.0", token="w.0:t", sequence=1, now="1000")
    await visits.reclaim()
    visits.renewed -= 70
    visits._over["default"] = {expiry: at - 60 for expiry, at in visits._over["default"].items()}

    await visits.reclaim()
    assert await state(gopher, id) == "processing"
    await visits.renew()
    await visits.reclaim()
    assert await state(gopher, id) == "enqueued"
