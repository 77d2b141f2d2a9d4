"""reclaim.lua: the jobs of dead workers come back."""

from __future__ import annotations

import a


def test_a_job_comes_back_when_two_looks_have_seen_its_lease_over(queue):
    queue.submit(a.job("one"), a.job("two"))
    queue.reserve("w1", token="w1:x")
    queue.later(a.lease_time)

    first = queue.reclaim()
    assert (first.jobs, first.suspects) == ([], [("one", str(queue.now))])
    second = queue.reclaim(first.suspects)

    assert second.jobs == [("one", "enqueued", "w1")]
    assert list(queue.whole().ready_normal) == ["one", "two"]
    record = queue.record("one")
    assert (record.attempts, record.losses, record.ready_at) == (0, 1, a.NOW)
    assert b'"outcome":"lost"' in queue.whole().errors["one"]


def test_a_lease_that_was_renewed_between_two_looks_is_left_alone(queue):
    queue.submit(a.job("one"))
    queue.reserve()
    queue.later(a.hour)
    suspects = queue.reclaim().suspects
    queue.renew()
    queue.later(a.hour)

    again = queue.reclaim(suspects)

    assert again.jobs == []
    assert [id for id, _ in again.suspects] == ["one"]


def test_a_lease_that_is_not_over_is_no_suspect(queue):
    queue.submit(a.job("one"))
    queue.reserve()
    queue.later(a.lease_time - 1)

    assert queue.reclaim().suspects == []


def test_a_job_that_is_lost_too_often_is_poison(queue):
    queue.submit(a.job("one", unique_key="k"))
    for _ in range(3):
        queue.reserve()
        queue.lose(max_losses=3)

    assert queue.state("one") == "failed"
    assert b'"outcome":"poison"' in queue.whole().errors["one"]
    assert queue.counters() == {"enqueued": 1, "lost": 3, "released": 2, "failed": 1}
    assert not queue.whole().locks


def test_a_job_that_was_asked_to_stop_is_cancelled(queue):
    queue.submit(a.job("one"))
    queue.reserve()
    queue.cancel("one")

    assert queue.lose() == [("one", "cancelled", "w")]

    assert queue.state("one") == "cancelled"
    assert not queue.whole().cancels


def test_a_lease_from_the_future_is_cut_to_what_a_lease_may_last(queue):
    """The server's clock has gone back by an hour."""
    queue.submit(a.job("one"))
    queue.reserve()
    queue.later(-a.hour)

    assert queue.reclaim().suspects == []

    assert queue.score("running", "one") == queue.now + a.lease_time


def test_a_call_looks_at_so_many(queue):
    queue.submit(*(a.job() for _ in range(3)))
    queue.reserve(count=3)
    queue.later(a.minute)

    suspects = queue.reclaim(limit=2).suspects

    assert len(suspects) == len(queue.reclaim(suspects, limit=2).jobs) == 2


def test_a_full_memory_does_not_keep_jobs_from_coming_back(server, full):
    server.submit(a.job("one"))
    server.reserve()
    full()

    assert [state for _, state, _ in server.lose()] == ["enqueued"]
