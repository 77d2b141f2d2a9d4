"""hand_back.lua: what a dead process held comes back at once."""

from __future__ import annotations

import a


def test_what_it_ran_counts_a_loss_and_what_lay_ready_does_not(queue):
    queue.submit(a.job("ran"), a.job("lay"), a.job("behind"))
    queue.reserve(count=2)

    jobs, left = queue.hand_back("w", ["ran"])

    assert (sorted(jobs), left) == ([("lay", "enqueued"), ("ran", "enqueued")], 0)
    assert list(queue.whole().ready_normal) == ["ran", "lay", "behind"]
    assert [queue.record(id).losses for id in ("ran", "lay")] == [1, 0]
    assert [queue.record(id).attempts for id in ("ran", "lay")] == [0, 0]
    assert list(queue.whole().errors) == ["ran"]
    assert queue.whole().wake == [b"1"]


def test_what_another_holds_by_now_stays_with_it(queue):
    queue.submit(a.job("one"))
    queue.reserve("first")
    queue.lose()
    queue.reserve("second")

    assert queue.hand_back("first") == ([], 0)

    assert queue.state("one") == "processing"
    assert "first" not in queue.whole().held


def test_a_worker_whose_name_begins_alike_keeps_its_jobs(queue):
    queue.submit(a.job("one"))
    queue.reserve("w1")

    assert queue.hand_back("w") == ([], 0)
    assert queue.state("one") == "processing"


def test_the_last_loss_is_the_end(queue):
    queue.submit(a.job("one", unique_key="k"))
    queue.reserve()

    assert queue.hand_back("w", ["one"], max_losses=1) == ([("one", "failed")], 0)

    assert b'"outcome":"poison"' in queue.whole().errors["one"]
    assert not queue.whole().locks


def test_a_job_that_was_asked_to_stop_is_cancelled(queue):
    queue.submit(a.job("one"))
    queue.reserve()
    queue.cancel("one", retention_ms=a.day)

    queue.hand_back("w", ["one"])

    assert queue.score("cancelled", "one") == a.NOW + a.day


def test_a_call_gives_back_so_many_and_tells_how_many_are_left(queue):
    queue.submit(*(a.job() for _ in range(5)))
    queue.reserve(count=5)

    jobs, left = queue.hand_back("w", limit=2)

    assert (len(jobs), left) == (2, 3)
