"""requeue.lua: jobs run again now."""

from __future__ import annotations

import builders
import pytest


def dead(queue, id="one", **more):
    queue.submit(builders.job(id, **more))
    (lease,) = queue.reserve()
    queue.settle(builders.settlement(lease, builders.discard()))
    return lease


def test_a_dead_job_starts_anew_and_keeps_its_history(queue):
    dead(queue)
    queue.later(builders.hour)

    assert queue.requeue("one") == ["enqueued"]

    record = queue.record("one")
    assert (record.attempts, record.losses, record.token, record.finished) == (0, 0, "", 0)
    assert record.ready_at == queue.now
    assert b"discarded" in queue.whole().errors["one"]
    assert queue.counters()["requeued"] == 1
    assert queue.whole().wake == [b"1"]


@pytest.mark.parametrize("given", [{"delay": 60.0}, {"after": ["other"]}])
def test_a_job_that_waits_runs_ahead_of_its_time(queue, given):
    queue.submit(builders.job("other"), builders.job("one", **given))

    assert queue.requeue("one") == ["enqueued"]
    assert queue.state("one") == "enqueued"


def test_a_retrying_job_runs_at_once_and_keeps_its_attempts(queue):
    queue.submit(builders.job("one"))
    queue.settle(builders.settlement(*queue.reserve(), builders.failure()))

    queue.requeue("one")

    assert queue.record("one").attempts == 1


def test_its_place_in_line_is_the_old_one(queue):
    dead(queue)
    queue.submit(builders.job("two"))

    queue.requeue("one")

    assert list(queue.whole().ready_normal) == ["one", "two"]


@pytest.mark.parametrize(("source", "word"), [("failed", "enqueued"), ("cancelled", "failed")])
def test_only_from_the_state_that_was_named(queue, source, word):
    dead(queue)

    assert queue.requeue("one", source=source) == [word]


def test_others_are_answered_with_a_word(queue):
    queue.submit(builders.job("runs", priority=9), builders.job("ready"))
    queue.reserve()

    assert queue.requeue("runs", "ready", "unknown") == ["processing", "again", "gone"]


def test_a_job_whose_unique_key_another_holds_stays_dead(queue):
    dead(queue, unique_key="k")
    queue.submit(builders.job("two", unique_key="k"))

    assert queue.requeue("one") == ["locked"]
    assert queue.state("one") == "failed"


def test_of_two_dead_jobs_with_one_unique_key_one_runs(queue):
    dead(queue, "one", unique_key="k")
    dead(queue, "two", unique_key="k")

    assert queue.requeue("one", "two") == ["enqueued", "locked"]


def test_a_job_named_twice_runs_once(queue):
    dead(queue)

    assert queue.requeue("one", "one") == ["enqueued", "enqueued"]
    assert queue.counters()["requeued"] == 1


def test_its_unique_key_is_held_again(queue):
    dead(queue, unique_key="k")
    queue.requeue("one")

    assert queue.submit(builders.job("two", unique_key="k"))[0].duplicate_of == "one"


def test_a_dead_job_stays_dead_inside_the_window_of_another_with_its_key(queue):
    queue.submit(builders.job("dead", unique_key="k"))
    queue.settle(builders.settlement(*queue.reserve(), builders.discard()))
    queue.submit(builders.job("done", unique_key="k", unique_for=60.0))
    queue.settle(builders.settlement(*queue.reserve()))

    assert queue.requeue("dead") == ["locked"]
    queue.later(60_001)
    assert queue.requeue("dead") == ["enqueued"]
