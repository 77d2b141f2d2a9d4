"""The verdict itself: what it must find, it finds. A judge that cannot condemn proves nothing."""

from __future__ import annotations

import pytest
from faults.ledger import Ledger
from faults.verdict import Verdict, check, judge
from laws.state import look
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import JobState
from gopher_cli.model.job.outcome import Transition
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.calls import Settlement

pytestmark = pytest.mark.anyio


async def completed(gopher: Gopher, ledger: Ledger, *, told: bool = True) -> str:
    """A job that a worker, played by hand, has run and settled. ``told``: its handler came to its end."""
    id = await gopher.submit("quick", {})
    ledger.accept(id)
    (lease,) = (await gopher.reserve("default", worker="w.0", token=f"w.0:{id}", sequence=1)).leases
    ledger.write("START", id, lease.token, 7, 1.0)
    if told:
        ledger.write("END", id, lease.token, 7, 2.0)
    await gopher.settle("w.0", [Settlement(lease, Transition(JobState.COMPLETED, 3600.0), b"1")])
    return id


def verdict(redis: Redis, gopher: Gopher, ledger: Ledger) -> Verdict:
    return judge(look(redis, gopher.namespace), ledger)


async def test_a_run_without_fault_stands(gopher: Gopher, redis: Redis, ledger: Ledger) -> None:
    for _ in range(3):
        await completed(gopher, ledger)

    found = verdict(redis, gopher, ledger).stands()

    assert (found.accepted, found.completed, found.extra_runs, found.overlaps) == (3, 3, 0, 0)


async def test_a_job_that_was_accepted_and_is_nowhere_is_lost(
    gopher: Gopher, redis: Redis, ledger: Ledger
) -> None:
    await completed(gopher, ledger)
    ledger.accept("of-which-nobody-knows")

    found = verdict(redis, gopher, ledger)

    assert found.lost == ["of-which-nobody-knows"]
    with pytest.raises(AssertionError, match="of-which-nobody-knows"):
        found.stands()


async def test_a_job_that_was_purged_is_gone_and_not_lost(
    gopher: Gopher, redis: Redis, ledger: Ledger
) -> None:
    await completed(gopher, ledger)
    await gopher.purge(Filter(states=("completed",)))

    found = verdict(redis, gopher, ledger).stands()

    assert (found.accepted, found.gone) == (1, 1)


async def test_an_outcome_that_was_accepted_twice_is_found(
    gopher: Gopher, redis: Redis, ledger: Ledger
) -> None:
    await completed(gopher, ledger)
    redis.hincrby(gopher.keys("default")["counters"], "completed", 1)

    assert verdict(redis, gopher, ledger).doubled == ["default"]


async def test_a_job_that_completed_without_any_run_coming_to_its_end_is_invented(
    gopher: Gopher, redis: Redis, ledger: Ledger
) -> None:
    id = await completed(gopher, ledger, told=False)

    assert verdict(redis, gopher, ledger).invented == [id]


async def test_a_run_more_than_attempts_were_spent_is_an_extra_run_and_two_at_once_overlap(
    gopher: Gopher, redis: Redis, ledger: Ledger
) -> None:
    id = await completed(gopher, ledger)
    ledger.write("START", id, "lost", 8, 1.5)
    ledger.write("STILL", id, "lost", 8, 1.6)
    ledger.write("START", id, "later", 9, 3.0)
    ledger.write("STOPPED", id, "later", 9, 4.0)

    found = verdict(redis, gopher, ledger).stands()

    assert (found.extra_runs, found.overlaps) == (2, 1)
    assert [run.how for run in ledger.runs(id)] == ["END", "", "STOPPED"]
    assert [run.pid for run in ledger.open(id)] == [8]


async def test_a_queue_that_nobody_serves_is_late(gopher: Gopher, redis: Redis, ledger: Ledger) -> None:
    found = await check(redis, gopher.namespace, gopher, ledger, seconds=0.05)

    assert found.late == ledger.accepted()
    assert (found.holds, found.waiting) == (False, 1)


async def test_a_broken_law_is_no_figure_but_an_error(gopher: Gopher, redis: Redis, ledger: Ledger) -> None:
    id = await completed(gopher, ledger)
    redis.zadd(gopher.keys("default")["failed"], {id: 1})

    with pytest.raises(AssertionError):
        await check(redis, gopher.namespace, gopher, ledger, seconds=0.05)

    redis.zrem(gopher.keys("default")["failed"], id)
