"""reserve.lua: jobs are leased."""

from __future__ import annotations

import builders
import pytest


def test_a_lease_spends_an_attempt_and_names_its_owner(queue):
    queue.submit(builders.job("one", payload=[1]))

    (lease,) = queue.reserve("w7", token="w7:abc", sequence=3)

    assert (lease.id, lease.token, lease.attempt, lease.losses) == ("one", "w7:abc", 1, 0)
    assert bytes(lease.spec.payload) == b"[1]"
    whole = queue.whole()
    assert whole.running == {"one": builders.NOW + builders.lease_time}
    assert whole.held == {"w7": {"one": 3}}
    record = queue.record("one")
    assert (record.token, record.started, record.attempts) == ("w7:abc", builders.NOW, 1)


def test_the_best_class_is_served_first_and_each_in_its_order(queue):
    queue.submit(
        builders.job("low", priority=1),
        builders.job("n1"),
        builders.job("n2"),
        builders.job("n6", priority=6),
        builders.job("high", priority=8),
    )

    assert [one.id for one in queue.reserve(count=10)] == ["high", "n6", "n1", "n2", "low"]


def test_each_class_has_its_quota_and_the_best_gets_what_is_left(queue):
    for priority in (8, 5, 2):
        queue.submit(*(builders.job(f"{priority}-{n}", priority=priority) for n in range(4)))

    ids = [one.id for one in queue.reserve(count=7, quota=(3, 2, 1))]

    assert ids == ["8-0", "8-1", "8-2", "8-3", "5-0", "5-1", "2-0"]


def test_nobody_gets_more_than_asked_for(queue):
    queue.submit(*(builders.job() for _ in range(5)))

    assert len(queue.reserve(count=3, quota=(9, 9, 9))) == 3


def test_a_call_leases_500_jobs_at_most(queue):
    for _ in range(3):
        queue.submit(*(builders.job() for _ in range(200)))

    assert len(queue.reserve(count=100_000)) == 500


def test_a_fetch_that_is_sent_again_answers_the_same_jobs(queue):
    queue.submit(builders.job("a"), builders.job("b"), builders.job("c"))
    fetch = {"token": "w:1", "sequence": 1, "count": 2}

    first = queue.reserve(**fetch)
    before = queue.whole()

    assert queue.reserve(**fetch) == first
    assert queue.whole() == before


def test_a_fetch_that_is_sent_again_leaves_out_what_was_taken_back(queue):
    queue.submit(builders.job("a"))
    queue.reserve(token="w:1", sequence=1)
    queue.lose()

    assert queue.reserve(token="w:1", sequence=1) == []


def test_a_paused_queue_leases_nothing(queue):
    queue.submit(builders.job())
    queue.pause()

    batch = queue.fetch()

    assert (batch.leases, batch.paused) == ([], True)


def test_an_empty_queue_tells_when_the_next_job_falls_due(queue):
    queue.submit(builders.job(delay=60.0), builders.job(delay=30.0))

    assert queue.fetch().next_due == builders.NOW + 30 * builders.second


def test_an_empty_queue_with_nothing_to_come_tells_so(queue):
    assert queue.fetch().next_due is None


@pytest.mark.parametrize(("jobs", "tokens"), [(1, 0), (2, 1)])
def test_another_worker_is_woken_if_more_is_left(queue, jobs, tokens):
    queue.submit(*(builders.job() for _ in range(jobs)))
    queue.redis.delete(queue.keys["wake"])

    queue.reserve()

    assert len(queue.whole().wake) == tokens


def test_an_answer_ends_with_the_job_that_fills_it(queue):
    """Twenty specs are read at a time; what does not fit stays in line, unspent."""
    queue.submit(*(builders.job(f"j{n:02}", payload="x" * 1000) for n in range(50)))

    first = queue.fetch(count=50, room=22_000)

    assert (len(first.leases), first.cut) == (22, True)
    assert len(queue.whole().ready_normal) == 28
    assert queue.record("j22").attempts == 0
    second = queue.fetch(count=50, room=1_000_000)
    assert ([one.id for one in second.leases], second.cut) == ([f"j{n:02}" for n in range(22, 50)], False)


def test_a_job_that_is_larger_than_an_answer_may_be_comes_alone(queue):
    queue.submit(
        builders.job("large", payload="x" * 1000), builders.job("small"), builders.job("low", priority=1)
    )

    batch = queue.fetch(count=3, quota=(1, 1, 1), room=10)

    assert ([one.id for one in batch.leases], batch.cut) == (["large"], True)
    assert queue.redis.exists(queue.keys["wake"]), "others may take what was left"


def test_hundreds_of_large_jobs_come_in_answers_of_some_megabytes(queue):
    for _ in range(6):
        queue.submit(*(builders.job(payload="x" * 900_000) for _ in range(4)))

    taken = [len(queue.fetch(count=400).leases) for _ in range(5)]

    assert taken == [5, 5, 5, 5, 4]
