"""release.lua: what a dead process held comes back at once."""

from __future__ import annotations

import builders


def test_what_it_ran_counts_a_loss_and_what_lay_ready_does_not(queue):
    queue.submit(builders.job("ran"), builders.job("lay"), builders.job("behind"))
    queue.reserve(count=2)

    jobs, left = queue.release("w", ["ran"])

    assert (sorted(jobs), left) == ([("lay", "enqueued"), ("ran", "enqueued")], 0)
    assert list(queue.whole().ready_normal) == ["ran", "lay", "behind"]
    assert [queue.record(id).losses for id in ("ran", "lay")] == [1, 0]
    assert [queue.record(id).attempts for id in ("ran", "lay")] == [0, 0]
    assert list(queue.whole().errors) == ["ran"]
    assert queue.whole().wake == [b"1"]


def test_what_another_holds_by_now_stays_with_it(queue):
    queue.submit(builders.job("one"))
    queue.reserve("first")
    queue.lose()
    queue.reserve("second")

    assert queue.release("first") == ([], 0)

    assert queue.state("one") == "processing"
    assert "first" not in queue.whole().held


def test_a_worker_whose_name_begins_alike_keeps_its_jobs(queue):
    queue.submit(builders.job("one"))
    queue.reserve("w1")

    assert queue.release("w") == ([], 0)
    assert queue.state("one") == "processing"


def test_the_last_loss_is_the_end(queue):
    queue.submit(builders.job("one", unique_key="k"))
    queue.reserve()

    assert queue.release("w", ["one"], max_losses=1) == ([("one", "failed")], 0)

    assert b'"outcome":"poison"' in queue.whole().errors["one"]
    assert not queue.whole().locks


def test_a_job_that_was_asked_to_stop_is_cancelled(queue):
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.cancel("one", retention_ms=builders.day)

    queue.release("w", ["one"])

    assert queue.score("cancelled", "one") == builders.NOW + builders.day


def test_a_call_gives_back_so_many_and_tells_how_many_are_left(queue):
    queue.submit(*(builders.job() for _ in range(5)))
    queue.reserve(count=5)

    jobs, left = queue.release("w", limit=2)

    assert (len(jobs), left) == (2, 3)


def test_the_history_of_a_lost_job_says_how_its_process_ended_and_who_was_lost_beside_it(queue):
    ids = [f"job-{n}" for n in range(6)]
    queue.submit(*(builders.job(id) for id in ids))
    queue.reserve("w.1", count=6)

    queue.release("w.1", ids[:5], how="was killed by SIGKILL")

    told = queue.whole().errors
    assert b"the process that ran this job was killed by SIGKILL; lost beside it: " in told["job-0"]
    assert b"beside it: job-0, job-1, job-3 and 1 more" in told["job-2"]
    assert "job-5" not in told


def test_a_job_that_was_lost_alone_names_nobody(queue):
    queue.submit(builders.job("one"), builders.job("two"))
    queue.reserve("w.1", count=2)

    queue.release("w.1", ["one"], max_losses=1)

    assert (
        b'takes its worker down; at last the process that ran this job vanished"'
        in queue.whole().errors["one"]
    )


def test_jobs_of_another_worker_were_not_lost_beside_it(queue):
    queue.submit(*(builders.job(id) for id in ("one", "two", "three", "four")))
    for worker in ("w.1", "w.2", "x.1"):
        queue.reserve(worker)
    queue.reserve("w.1", starts=0)

    queue.lose()

    assert b'the worker that ran this job vanished; lost beside it: two"' in queue.whole().errors["one"]
    assert b"beside" not in queue.whole().errors["three"]
