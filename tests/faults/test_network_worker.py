"""A worker behind a bad network: cut, half-open, slow, narrow. It loses no job, and recovers alone."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from awake_clock import awake, clock
from faults.conftest import SHORT, Fleet
from faults.ledger import Ledger
from faults.proxy import Proxy, proxy_before, script
from worker.processes import FENCED, until

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio
End = Callable[..., Any]
LANES = {"heartbeat": script("renew"), "fetch": script("reserve"), "settle": script("settle")}


@pytest.fixture
def line(redis_url: str) -> Iterator[Proxy]:
    with proxy_before(redis_url) as proxy:
        yield proxy


class Work:
    """Jobs that go straight to the server: only the worker is behind the bad line."""

    def __init__(self, gopher: Gopher, ledger: Ledger, gate: Path) -> None:
        self.gopher, self.ledger, self.gate = gopher, ledger, gate

    async def submit(self, type: str = "quick", payload: Any = None, count: int = 1) -> list[str]:
        ids = [await self.gopher.submit(type, payload or {}) for _ in range(count)]
        self.ledger.accept(*ids)
        return ids

    async def hold(self) -> str:
        """A job that runs, until the gate is open."""
        (id,) = await self.submit("hold", {"until": str(self.gate)})
        await until(lambda: self.ledger.starts(id))
        return id

    async def completed(self, ids: list[str]) -> float:
        """How long it takes until these have completed."""
        began = clock()
        for id in ids:
            await until(partial(self._has_completed, id))
        return awake(began)

    async def _has_completed(self, id: str) -> bool:
        return (await self.gopher.inspect("default", id)).state == "completed"


@pytest.fixture
def work(gopher: Gopher, ledger: Ledger, tmp_path: Path) -> Work:
    return Work(gopher, ledger, tmp_path / "gate")


@asynccontextmanager
async def meanwhile(seconds: float, deed: Callable[[], object]) -> AsyncIterator[None]:
    """Does this again and again while the block runs."""

    async def again() -> None:
        while True:
            await asyncio.sleep(seconds)
            deed()

    doing = asyncio.ensure_future(again())
    try:
        yield
    finally:
        doing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await doing


@pytest.mark.row("N2")
async def test_a_server_that_vanishes_without_a_word_is_asked_anew_and_no_lease_ends(
    fleet: Fleet, line: Proxy, work: Work, ledger: Ledger, ends_well: End
) -> None:
    fleet("-c", "4", url=line.url, env={"REDIS_TIMEOUT": "1s"})
    held = await work.hold()

    line.stall()  # all connections that are open; new ones come through
    waiting = await work.submit(count=20)
    took = await work.completed(waiting)
    work.gate.touch()

    verdict = await ends_well()
    print(f"N2: 20 jobs after {took:.2f} s; {verdict}")
    assert took < 40  # those connections are silent for ever
    assert ledger.times()[held] == 1
    assert verdict.extra_runs == verdict.overlaps == 0


@pytest.mark.row("N3")
async def test_a_line_that_is_far_and_breaks_now_and_then_costs_no_lease(
    fleet: Fleet, line: Proxy, work: Work, ledger: Ledger, ends_well: End
) -> None:
    fleet("-c", "8", url=line.url, env={"GOPHER_HEARTBEAT": "2s"})
    held = await work.hold()
    line.delay = (0.1, 0.05)  # each way
    async with meanwhile(1.0, lambda: line.cut(random.choice(list(LANES.values())))):
        took = await work.completed(await work.submit(count=100))
    line.delay = (0.0, 0.0)
    work.gate.touch()

    verdict = await ends_well()
    print(f"N3: 100 jobs in {took:.2f} s, {line.opened} connections; {verdict}")
    assert ledger.times()[held] == 1
    assert verdict.extra_runs == verdict.overlaps == 0


@pytest.mark.row("N4")
async def test_large_payloads_on_a_narrow_line_do_not_starve_the_heartbeat(
    fleet: Fleet, line: Proxy, work: Work, ledger: Ledger, ends_well: End
) -> None:
    fleet("-c", "2", url=line.url, env={"REDIS_TIMEOUT": "1s", "GOPHER_LEASE": "6s"})
    held = await work.hold()
    line.rate = 60_000
    large = await work.submit("quick", "x" * 400_000)  # six times what a time-out lets through
    took = await work.completed(large)
    line.rate = 0
    work.gate.touch()

    verdict = await ends_well()
    print(f"N4: 400 kB at 60 kB/s in {took:.2f} s; {verdict}")
    assert took > 6, "longer than a lease"
    assert ledger.times()[held] == 1
    assert verdict.extra_runs == verdict.overlaps == 0


@pytest.mark.row("N5")
async def test_a_cut_that_is_shorter_than_a_lease_less_two_heartbeats_is_nothing(
    fleet: Fleet, line: Proxy, work: Work, ledger: Ledger, ends_well: End
) -> None:
    one = fleet("-c", "2", url=line.url)  # 15 s and 1 s
    held = await work.hold()

    line.refuse()
    await asyncio.sleep(1.0)
    line.flow()
    one.heard("Redis is back")
    work.gate.touch()

    verdict = await ends_well()
    print(f"N5 short: {verdict}")
    assert ledger.times()[held] == 1 and ledger.ends(held)
    assert not [said for said in one.said if "interrupted" in said]


@pytest.mark.row("N5")
@pytest.mark.parametrize("type", ["hold", "hold-isolated"])
async def test_a_worker_that_is_cut_off_stops_its_jobs_before_another_starts_them(
    fleet: Fleet, line: Proxy, work: Work, ledger: Ledger, ends_well: End, type: str
) -> None:
    far = fleet("-c", "1", url=line.url, env=SHORT)
    (id,) = await work.submit(type, {"until": str(work.gate)})
    await until(lambda: ledger.starts(id))
    fleet("-c", "2", env={"GOPHER_HEARTBEAT": "6s"})  # the rarer a heartbeat, the longer it doubts

    line.refuse()
    cut = time.monotonic()
    await until(lambda: len(ledger.starts(id)) == 2)
    again = time.monotonic() - cut
    work.gate.touch()
    await until(lambda: ledger.ends(id))
    line.flow()

    verdict = await ends_well()
    first, second = ledger.starts(id)
    print(f"N5 long: again after {again:.2f} s, {second.started - first.last:.2f} s apart; {verdict}")
    far.heard(*FENCED)
    assert verdict.overlaps == 0
    assert first.pid != second.pid
    assert verdict.completed == verdict.accepted


@pytest.mark.row("N6")
@pytest.mark.parametrize("lane", LANES)
async def test_one_connection_that_is_cut_for_a_while_recovers_alone(
    fleet: Fleet, line: Proxy, work: Work, ledger: Ledger, ends_well: End, lane: str
) -> None:
    one = fleet("-c", "2", url=line.url)
    held = await work.hold()

    line.refuse(LANES[lane])
    waiting = await work.submit(count=5)
    seen = line.times(LANES[lane])
    await until(lambda: line.times(LANES[lane]) >= seen + 3)  # it tries
    line.flow()
    took = await work.completed(waiting)
    work.gate.touch()

    verdict = await ends_well()
    print(f"N6 {lane}: 5 jobs after {took:.2f} s; {verdict}")
    assert ledger.times()[held] == 1
    assert verdict.extra_runs == verdict.overlaps == 0
    assert len(one.runners()) == 1


@pytest.mark.row("N6")
async def test_without_its_heartbeat_a_worker_stops_its_jobs_and_goes_on_when_it_has_one_again(
    fleet: Fleet, line: Proxy, work: Work, ledger: Ledger, ends_well: End
) -> None:
    one = fleet("-c", "2", url=line.url, env=SHORT)
    held = await work.hold()

    line.refuse(LANES["heartbeat"])
    one.heard(*FENCED)
    line.flow()
    await until(lambda: ledger.times()[held] >= 2)
    work.gate.touch()

    verdict = await ends_well()
    print(f"N6 long: {verdict}")
    assert verdict.overlaps == 0


@pytest.mark.row("N7")
async def test_a_storm_of_resets_loses_nothing_and_runs_nothing_twice(
    fleet: Fleet, line: Proxy, work: Work, ledger: Ledger, ends_well: End
) -> None:
    fleet("-c", "8", url=line.url)
    held = await work.hold()
    async with meanwhile(0.1, line.cut):
        took = await work.completed(await work.submit("slow", {"seconds": 0.05}, count=200))
    work.gate.touch()

    verdict = await ends_well()
    print(f"N7 storm: 200 jobs in {took:.2f} s, {line.opened} connections; {verdict}")
    assert ledger.times()[held] == 1
    assert verdict.extra_runs == verdict.overlaps == 0


@pytest.mark.row("N7")
async def test_a_server_that_refuses_is_not_stormed(
    fleet: Fleet, line: Proxy, work: Work, ends_well: End
) -> None:
    one = fleet("-c", "8", url=line.url)
    await work.submit(count=5)
    line.refuse()
    one.heard("cannot reach Redis")
    before, began = line.opened, time.monotonic()
    await asyncio.sleep(2.0)
    tries = (line.opened - before) / (time.monotonic() - began)
    line.flow()

    verdict = await ends_well()
    print(f"N7 refused: {tries:.1f} connections a second; {verdict}")
    assert tries < 60
