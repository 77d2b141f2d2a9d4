"""reclaim.lua: the jobs of dead workers come back."""

from __future__ import annotations

import builders
import pytest


def test_a_job_comes_back_when_two_looks_have_seen_its_lease_over(queue):
    queue.submit(builders.job("one"), builders.job("two"))
    queue.reserve("w1", token="w1:x")
    queue.later(builders.lease_time)

    first = queue.reclaim()
    assert (first.jobs, first.over) == ([], [str(queue.now)])
    second = queue.reclaim(first.over)

    assert second.jobs == [("one", "enqueued", "w1")]
    assert list(queue.whole().ready_normal) == ["one", "two"]
    record = queue.record("one")
    assert (record.attempts, record.losses, record.ready_at) == (0, 1, builders.NOW)
    assert b'"outcome":"lost"' in queue.whole().errors["one"]


def test_a_lease_that_was_renewed_between_two_looks_is_left_alone(queue):
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.later(builders.hour)
    over = queue.reclaim().over
    queue.renew()
    renewed = queue.now + builders.lease_time
    queue.later(builders.hour)

    again = queue.reclaim(over)

    assert (again.jobs, again.over) == ([], [str(renewed)])


def test_a_lease_that_is_not_over_is_not_seen(queue):
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.later(builders.lease_time - 1)

    assert queue.reclaim().over == []


def test_a_lease_that_is_not_over_any_more_is_left_alone(queue):
    """The clock has gone back since the first look."""
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.later(builders.lease_time)
    over = queue.reclaim().over
    queue.later(-1)

    assert queue.reclaim(over).jobs == []


def test_a_job_that_is_lost_too_often_is_poison(queue):
    queue.submit(builders.job("one", unique_key="k"))
    for _ in range(3):
        queue.reserve()
        queue.lose(max_losses=3)

    assert queue.state("one") == "failed"
    assert b'"outcome":"poison"' in queue.whole().errors["one"]
    assert queue.counters() == {"enqueued": 1, "lost": 3, "released": 2, "failed": 1}
    assert not queue.whole().locks


def test_a_job_that_was_asked_to_stop_is_cancelled(queue):
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.cancel("one")

    assert queue.lose() == [("one", "cancelled", "w")]

    assert queue.state("one") == "cancelled"
    assert not queue.whole().cancels


def test_a_lease_from_the_future_is_cut_to_what_a_lease_may_last(queue):
    """The server's clock has gone back by an hour."""
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.later(-builders.hour)

    assert queue.reclaim().over == []

    assert queue.score("running", "one") == queue.now + builders.lease_time


def test_a_lease_of_a_worker_with_longer_ones_is_left_alone(queue):
    """Lease 2m, heartbeat 1m, beside a worker with the defaults: each looks with its own settings."""
    long = {"lease_ms": 2 * builders.minute}
    queue.submit(builders.job("one"), builders.job("two"))
    queue.reserve("slow", **long)
    over: list[str] = []
    for second in range(300):
        if second % 27 == 26:
            queue.renew("slow", **long)
        found = queue.reclaim(over)
        assert (found.jobs, found.over) == ([], [])
        over = found.over
        queue.later(1000)

    assert queue.state("one") == "processing"
    assert queue.reserve("other")[0].id == "two"
    queue.later(builders.lease_time)
    assert len(queue.reclaim().over) == 1  # the other's lease lasts no longer for that


def test_where_leases_are_longer_one_from_the_future_is_cut_to_the_longest(queue):
    queue.submit(builders.job("one"))
    queue.reserve(lease_ms=2 * builders.minute)
    queue.later(-builders.hour)

    queue.reclaim()

    assert queue.score("running", "one") == queue.now + 2 * builders.minute


def test_a_call_takes_back_so_many(queue):
    queue.submit(*(builders.job() for _ in range(3)))
    queue.reserve(count=3)
    queue.later(builders.minute)
    over = queue.reclaim().over

    taken = [queue.reclaim(over, limit=2).taken for _ in range(3)]

    assert (len(over), taken) == (1, [2, 1, 0])


def test_a_call_sees_so_many_expiries(queue):
    queue.submit(*(builders.job() for _ in range(5)))
    for n in range(5):
        queue.reserve()
        queue.later(n % 2)  # two share one, twice
    queue.later(builders.minute)

    first = queue.reclaim(limit=2).over
    rest = queue.reclaim(limit=2, after=f"({first[-1]}").over

    assert len({*first, *rest}) == 3


@pytest.mark.anyio
async def test_thousands_of_leases_are_all_back_at_the_second_look(gopher):
    """At the first they are seen, however many there are: not a page at each strike."""
    await gopher.submit_many([builders.job() for _ in range(2000)])
    for n in range(20):
        await gopher.reserve(
            "default", worker="w", token=f"w:{n}", sequence=n, count=100, now=str(1000 + n // 2)
        )

    over = await gopher.reclaim("default")

    assert len(over) == 10
    assert await gopher.reclaim("default", over) == []
    assert (await gopher.depth("default")).sizes["ready_normal"] == 2000


def test_a_full_memory_does_not_keep_jobs_from_coming_back(server, full):
    server.submit(builders.job("one"))
    server.reserve()
    full()

    assert [state for _, state, _ in server.lose()] == ["enqueued"]


def test_only_what_had_begun_to_run_counts_a_loss_when_its_worker_vanishes(queue):
    queue.submit(*(builders.job(id) for id in ("one", "two", "three", "four")))
    queue.reserve(count=4, starts=1)  # the others wait in the worker
    queue.renew(begun=["three"])

    queue.lose()

    assert [queue.record(id).losses for id in ("one", "two", "three", "four")] == [1, 0, 1, 0]
    assert "two" not in queue.whole().errors


def test_what_has_begun_stays_begun_and_is_not_begun_for_a_clock_that_goes_back(queue):
    queue.submit(builders.job("one"), builders.job("two"))
    queue.reserve(count=2, starts=1)
    queue.renew()
    queue.later(-builders.hour)
    queue.reclaim()  # leases from the future are cut

    queue.lose()

    assert [queue.record(id).losses for id in ("one", "two")] == [1, 0]


def test_a_worker_that_was_told_to_stop_is_killed_at_the_expense_of_no_job(queue):
    queue.submit(builders.job("one"), builders.job("two"))
    for _ in range(3):
        queue.reserve(count=2)
        queue.renew(begun=["one"], spared=True)
        queue.lose(max_losses=3)

    assert [queue.state(id) for id in ("one", "two")] == ["enqueued"] * 2
    assert queue.record("one").losses == 0


def test_a_suspect_has_not_begun_before_its_worker_says_so(queue):
    queue.submit(builders.job("one"))
    for _ in range(2):
        queue.reserve()
        queue.lose(max_losses=3)

    queue.reserve(starts=1)
    queue.lose(max_losses=3)
    assert (queue.state("one"), queue.record("one").losses) == ("enqueued", 2)
    queue.reserve(starts=1)
    queue.renew(begun=["one"])
    queue.lose(max_losses=3)

    assert queue.state("one") == "failed"
