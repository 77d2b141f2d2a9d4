"""A runner takes stock: what Redis says that it holds and it does not, and the other way round."""

from __future__ import annotations

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import Lease
from gopher_cli.worker.runner.reconcile import Reconciler

pytestmark = [pytest.mark.anyio, pytest.mark.row("R2", "C4")]
ME = "worker.0"


class Stock:
    """A runner that holds what the test says, and has taken in the first fetch."""

    def __init__(self, gopher: Gopher) -> None:
        self.gopher = gopher
        self.holds: list[Lease] = []
        self.dropped: list[Lease] = []
        self.taken = 1
        self.taking = Reconciler(
            gopher, ME, ["default"], lambda _: self.taken, lambda: self.holds, self.dropped.extend
        )

    async def fetch(self, count: int, sequence: int = 1) -> list[Lease]:
        for _ in range(count):
            await self.gopher.submit("t", {})
        token = f"{ME}:{sequence}:abc"
        batch = await self.gopher.reserve("default", worker=ME, token=token, sequence=sequence, count=count)
        return batch.leases

    async def look(self) -> None:
        await self.taking.look("default")

    async def states(self, leases: list[Lease]) -> set[str]:
        return {(await self.gopher.inspect("default", lease.id)).state for lease in leases}


@pytest.fixture
def stock(gopher: Gopher) -> Stock:
    return Stock(gopher)


async def test_a_job_that_nobody_runs_goes_back_at_the_second_look_and_spends_nothing(stock: Stock) -> None:
    kept, forgotten = await stock.fetch(2)
    stock.holds = [kept]

    await stock.look()
    assert await stock.states([kept, forgotten]) == {"processing"}
    await stock.look()

    assert await stock.states([kept]) == {"processing"}
    detail = await stock.gopher.inspect("default", forgotten.id)
    assert (detail.state, detail.attempts, detail.losses) == ("enqueued", 0, 0)
    assert not stock.dropped


async def test_a_job_that_turns_up_between_two_looks_is_left_alone(stock: Stock) -> None:
    leases = await stock.fetch(1)
    await stock.look()
    stock.holds = leases
    await stock.look()
    stock.holds = []
    await stock.look()

    assert await stock.states(leases) == {"processing"}


async def test_jobs_of_a_fetch_that_is_under_way_are_left_alone(stock: Stock) -> None:
    leases = await stock.fetch(3, sequence=2)

    for _ in range(3):
        await stock.look()

    assert await stock.states(leases) == {"processing"}


async def test_a_lease_that_redis_does_not_know_is_dropped(stock: Stock) -> None:
    known, unknown = await stock.fetch(2)
    await stock.gopher.release("default", ME)
    other = Lease(known.id, "default", f"{ME}:1:abc", 1, 0, known.spec)
    again = await stock.gopher.reserve("default", worker=ME, token=f"{ME}:2:def", sequence=2, count=1)
    stock.taken, stock.holds = 2, [other, unknown, *again.leases]

    await stock.look()

    assert stock.dropped == [other, unknown], "by its token, though the same job is held under another"


async def test_a_lease_of_a_fetch_that_is_under_way_is_not_dropped(stock: Stock) -> None:
    leases = await stock.fetch(1)
    await stock.gopher.release("default", ME)
    stock.taken, stock.holds = 0, leases

    await stock.look()

    assert not stock.dropped
