"""cancel.lua: a job that waits is cancelled, one that runs is asked to stop."""

from __future__ import annotations

import builders
import pytest


def everywhere(queue):
    """One job in each state, named after it."""
    queue.submit(
        builders.job("completed"),
        builders.job("failed"),
        builders.job("retrying"),
        builders.job("processing"),
    )
    done, dead, again, _ = queue.reserve(count=4)
    queue.settle(
        builders.settlement(done),
        builders.settlement(dead, builders.discard()),
        builders.settlement(again, builders.failure()),
    )
    queue.submit(
        builders.job("enqueued"),
        builders.job("scheduled", delay=9.0),
        builders.job("blocked", after=["failed"]),
        builders.job("cancelled"),
    )
    queue.cancel("cancelled")


@pytest.mark.parametrize("state", ["enqueued", "scheduled", "retrying", "blocked"])
def test_a_job_that_waits_is_cancelled_at_once(queue, state):
    everywhere(queue)

    assert queue.cancel(state, retention_ms=builders.day) == ["cancelled"]

    assert queue.score("cancelled", state) == queue.now + builders.day
    assert queue.record(state).finished == queue.now


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("processing", "requested"), ("completed", "completed"), ("failed", "failed"),
        ("cancelled", "again"), ("unknown", "gone"),
    ],
)  # fmt: skip
def test_another_is_answered_with_a_word(queue, state, word):
    everywhere(queue)

    assert queue.cancel(state) == [word]


def test_a_running_job_is_asked_and_runs_on(queue):
    queue.submit(builders.job("one"))
    queue.reserve()

    queue.cancel("one", retention_ms=77)

    assert queue.whole().cancels == {"one": b"77"}
    assert queue.state("one") == "processing"


def test_its_unique_key_is_free(queue):
    queue.submit(builders.job("one", unique_key="k"))

    queue.cancel("one")

    assert queue.submit(builders.job("two", unique_key="k"))[0].accepted


def test_a_job_named_twice_is_cancelled_once(queue):
    queue.submit(builders.job("one"))

    assert queue.cancel("one", "one") == ["cancelled", "cancelled"]
    assert queue.counters()["cancelled"] == 1


def test_a_full_memory_keeps_nobody_from_stopping_a_job(server, full):
    server.submit(builders.job("one"), builders.job("two"))
    server.reserve()
    full()

    assert server.cancel("one", "two") == ["requested", "cancelled"]
