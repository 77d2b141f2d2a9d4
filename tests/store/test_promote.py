"""promote.lua: jobs that are due stand in line."""

from __future__ import annotations

import builders


def test_a_job_runs_when_its_time_has_come_and_not_before(queue):
    queue.submit(builders.job("one", delay=60.0))
    queue.later(builders.minute - 1)
    assert queue.promote().moved == 0

    queue.later(1)
    done = queue.promote()

    assert (done.moved, done.next_due, done.cancels) == (1, None, False)
    whole = queue.whole()
    assert whole.ready_normal == {"one": 5e13 + 1}
    assert whole.wake == [b"1"]
    assert queue.record("one").ready_at == queue.now


def test_a_failed_job_is_tried_again_in_its_old_place_in_line(queue):
    queue.submit(builders.job("one"), builders.job("two"))
    queue.settle(builders.settlement(*queue.reserve(), builders.failure(delay=5.0)))
    queue.later(5 * builders.second)

    queue.promote()

    assert list(queue.whole().ready_normal) == ["one", "two"]


def test_the_next_moment_is_the_first_of_all_that_wait(queue):
    queue.submit(builders.job("one", priority=8), builders.job(delay=60.0))
    queue.settle(builders.settlement(*queue.reserve(), builders.failure(delay=5.0)))

    assert queue.promote().next_due == builders.NOW + 5 * builders.second


def test_a_call_moves_so_many_and_the_rest_later(queue):
    queue.submit(*(builders.job(delay=1.0) for _ in range(5)))
    queue.later(builders.minute)

    assert [queue.promote(limit=2).moved for _ in range(4)] == [2, 2, 1, 0]


def test_it_tells_that_somebody_is_asked_to_stop(queue):
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.cancel("one")

    assert queue.promote().cancels


def test_a_full_memory_does_not_keep_jobs_from_their_turn(server, full):
    server.submit(builders.job("one", delay=1.0))
    server.later(builders.minute)
    full()

    assert server.promote().moved == 1
