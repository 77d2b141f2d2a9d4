"""What a newer minor has written at the end of a record survives every script of this one."""

from __future__ import annotations

import builders
import pytest

LATER = b";later=1;even=more"


@pytest.fixture
def newer(queue):
    """``newer(*jobs)`` submits them as a newer gopher would; answers their ids."""

    def submit(*jobs):
        queue.submit(*jobs)
        for job in jobs:
            meta = queue.keys["meta"]
            queue.redis.hset(meta, job.id, queue.redis.hget(meta, job.id) + LATER)
        return [job.id for job in jobs]

    return submit


def kept(queue, *ids):
    records = queue.redis.hmget(queue.keys["meta"], *ids)
    assert all(record.endswith(LATER) for record in records), records
    assert all(record.count(LATER) == 1 for record in records), records


OUTCOMES = {
    "completed": builders.success(),
    "retrying": builders.failure(),
    "failed": builders.discard(),
    "scheduled": builders.snooze(),
    "enqueued": builders.interruption(),
    "lost": builders.loss(),
    "cancelled": builders.cancellation(),
}


@pytest.mark.row("W27")
@pytest.mark.parametrize("unique_key", ["", "k"])
@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES)
def test_an_attempt(queue, newer, outcome, unique_key):
    (id,) = newer(builders.job(unique_key=unique_key))
    (lease,) = queue.reserve()
    kept(queue, id)

    assert queue.settle(builders.settlement(lease, outcome)) == ["settled"]

    kept(queue, id)
    if unique_key and queue.state(id) in ("completed", "failed", "cancelled"):
        assert not queue.whole().locks, "the lock is read for what it is"


@pytest.mark.row("W27")
def test_a_retry_that_falls_due(queue, newer):
    (id,) = newer(builders.job())
    (lease,) = queue.reserve()
    queue.settle(builders.settlement(lease, builders.failure(delay=1.0)))
    queue.later(builders.minute)

    assert queue.promote().moved == 1

    kept(queue, id)
    assert [lease.id for lease in queue.reserve()] == [id]


@pytest.mark.row("W27")
def test_a_lost_worker(queue, newer):
    taken, given = newer(builders.job(), builders.job())
    queue.reserve()
    queue.reserve("x")

    assert [id for id, *_ in queue.release("x", [given])[0]] == [given]
    queue.lose()

    kept(queue, taken, given)
    assert queue.state(taken) == "enqueued"


@pytest.mark.row("W27")
def test_an_operator(queue, newer):
    first, second = newer(builders.job(), builders.job(delay=60.0))

    assert queue.cancel(first, second) == ["cancelled", "cancelled"]
    assert queue.requeue(first, second) == ["enqueued", "enqueued"]

    kept(queue, first, second)


@pytest.mark.row("W27")
def test_a_job_that_waited_for_another(queue, newer):
    parent, child = newer(builders.job("parent"), builders.job("child", after=["parent"]))
    (lease,) = queue.reserve()

    queue.settle(builders.settlement(lease))

    kept(queue, parent, child)
    assert queue.state(child) == "enqueued"
