"""expire.lua: what was kept long enough goes."""

from __future__ import annotations

import a
import pytest


def completed(queue, id="one", *, retention=60.0, **more):
    queue.submit(a.job(id, **more))
    queue.settle(a.settlement(*queue.reserve(), retention=retention))


def test_a_result_is_kept_for_as_long_as_it_was_said(queue):
    completed(queue)
    queue.later(a.minute - 1)
    assert queue.expire() == 0

    queue.later(1)

    assert queue.expire() == 1
    assert queue.whole().ids == set()
    assert queue.counters()["expired"] == 1


def test_a_cancelled_job_goes_and_those_that_wait_for_it_stay(queue):
    queue.submit(a.job("one"), a.job("child", after=["one"]))
    queue.cancel("one", retention_ms=5)
    queue.later(5)

    assert queue.expire() == 1
    assert queue.state("child") == "blocked"


def test_a_dead_job_stays(queue):
    queue.submit(a.job("one"))
    queue.settle(a.settlement(*queue.reserve(), a.discard()))
    queue.later(1000 * a.day)

    assert queue.expire() == 0


def test_a_call_drops_so_many(queue):
    for _ in range(3):
        completed(queue, None)
    queue.later(a.hour)

    assert [queue.expire(limit=2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("lives", [True, False])
def test_a_lock_past_its_end_stays_while_its_job_lives(queue, lives):
    queue.submit(a.job("one", unique_key="k", unique_for=60.0))
    if not lives:
        queue.cancel("one")
    queue.later(a.minute)

    queue.expire()

    assert bool(queue.whole().locks) == lives
    assert not queue.whole().lock_ends


def test_minutes_become_hours_and_old_hours_go(queue):
    completed(queue)
    queue.later(2 * a.minute)
    completed(queue, "two")
    whole = queue.whole()
    assert len(whole.cells) == 2
    queue.later(66 * a.minute)

    queue.expire()

    ((field, cell),) = queue.whole().cells.items()
    assert field == f"h{a.NOW // a.hour};mail"
    assert cell.startswith(b"2,0,0,")
    queue.later(28 * a.hour)
    queue.expire()
    assert not queue.whole().cells


def test_the_mark_of_an_old_batch_goes(queue):
    queue.submit(a.job(), batch="nightly", mark=1)
    queue.later(31 * a.day)

    queue.expire()

    assert not queue.whole().batches


def test_a_full_memory_is_no_hindrance(server, full):
    completed(server)
    server.later(2 * a.hour)
    full()

    assert server.expire() == 1
