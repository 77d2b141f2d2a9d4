"""reschedule.lua: another moment for jobs that wait for theirs."""

from __future__ import annotations

import builders
import pytest
from driver import Queue
from redis import Redis
from script_watch import watched

from gopher_cli.store.keyspace import PLACES
from gopher_cli.store.scripts import load


def test_a_scheduled_job_is_due_at_the_new_moment_and_not_before(queue: Queue) -> None:
    queue.submit(builders.job("one", delay=60.0))

    assert queue.reschedule("one", delay_ms=2 * builders.minute) == ["rescheduled"]

    queue.later(2 * builders.minute - 1)
    assert queue.promote().moved == 0
    queue.later(1)
    assert queue.promote().moved == 1
    assert [lease.id for lease in queue.reserve()] == ["one"]


@pytest.mark.parametrize("due_ms", [builders.NOW, builders.NOW - builders.hour, 0])
def test_a_moment_that_is_over_is_now(queue: Queue, due_ms: int) -> None:
    queue.submit(builders.job("one", delay=3600.0))

    assert queue.reschedule("one", due_ms=due_ms) == ["rescheduled"]

    found = queue.inspect("one")
    assert found and (found.state, found.score, found.record.ready_at) == (
        "scheduled",
        builders.NOW,
        builders.NOW,
    )
    assert queue.promote().moved == 1


def test_a_retrying_job_keeps_its_attempts(queue: Queue) -> None:
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    queue.settle(builders.settlement(lease, builders.failure(delay=60.0)))

    assert queue.reschedule("one", due_ms=builders.NOW + builders.second) == ["rescheduled"]

    found = queue.inspect("one")
    assert found and (found.state, found.record.attempts) == ("retrying", 1)
    assert queue.promote().next_due == builders.NOW + builders.second


def test_a_job_that_waits_for_no_moment_is_left_as_it_is(queue: Queue) -> None:
    queue.submit(builders.job("parent"), builders.job("child", after=["parent"]), builders.job("off"))
    queue.cancel("off")
    queue.submit(
        builders.job("runs", priority=9), builders.job("dead", priority=9), builders.job("done", priority=9)
    )
    _, dead, done = queue.reserve(count=3)
    queue.settle(builders.settlement(dead, builders.discard()), builders.settlement(done, retention=60.0))
    ids = ("parent", "child", "off", "runs", "dead", "done", "nobody")
    before = queue.depth().sizes

    words = queue.reschedule(*ids, delay_ms=builders.hour)

    assert words == ["enqueued", "blocked", "cancelled", "processing", "failed", "completed", "gone"]
    assert queue.depth().sizes == before and set(before) == set(PLACES)


def test_sent_twice_it_is_the_same_and_an_id_twice_is_one_job(queue: Queue) -> None:
    queue.submit(builders.job("one", delay=60.0))

    for _ in range(2):
        assert queue.reschedule("one", "one", due_ms=builders.NOW + builders.hour) == ["rescheduled"] * 2

    found = queue.inspect("one")
    assert found and found.score == builders.NOW + builders.hour
    assert queue.depth().sizes["scheduled"] == 1


def test_a_record_that_cannot_be_read_is_found_when_it_is_due(queue: Queue) -> None:
    queue.submit(builders.job("one", delay=60.0))
    queue.redis.hset(queue.keys["meta"], "one", "garbage")

    assert queue.reschedule("one", delay_ms=0) == ["rescheduled"]

    assert queue.redis.hget(queue.keys["meta"], "one") == b"garbage"
    queue.promote()
    assert queue.depth().sizes["failed"] == 1


def test_it_looks_before_it_leaps_and_leaves_the_rest_alone(redis: Redis, namespace: str) -> None:
    queue = Queue(redis, namespace, scripts={"reschedule": watched("reschedule", load("reschedule").source)})
    queue.submit(builders.job("waits", delay=60.0), builders.job("other", delay=60.0), builders.job("again"))
    queue.settle(*(builders.settlement(lease, builders.failure(delay=60.0)) for lease in queue.reserve()))
    queue.redis.xadd(queue.keys["events"], {"watched": ""})

    queue.reschedule("waits", "again", delay_ms=builders.hour)

    whole = queue.whole()
    assert whole.scheduled == {"waits": builders.NOW + builders.hour, "other": builders.NOW + builders.minute}
    assert whole.retrying == {"again": builders.NOW + builders.hour}
    assert whole.told == {"waits": "scheduled", "again": "retrying"}
