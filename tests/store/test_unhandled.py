"""Jobs whose type the worker that took them does not know: they stand apart, untouched, and wait on."""

from __future__ import annotations

import builders
import pytest

from gopher_cli.model.job.job import JobState
from gopher_cli.model.job.outcome import Transition
from gopher_cli.store.calls import Settlement


def put_apart(queue, *jobs, waited=0.0):
    """A worker that does not know them has taken them."""
    if jobs:
        queue.submit(*jobs)
    leases = queue.reserve(count=500)
    to = Transition(JobState.ENQUEUED, waited, spent=False, unhandled=True)
    queue.settle(*(Settlement(lease, to, b'{"outcome":"unknown type"}') for lease in leases))
    return [lease.id for lease in leases]


def test_they_are_enqueued_and_no_worker_takes_them_again(queue):
    put_apart(queue, builders.job("one"))

    assert queue.state("one") == "enqueued"
    batch = queue.fetch(count=10)
    assert (batch.leases, batch.unhandled) == ([], True)
    assert queue.record("one").attempts == 0
    assert b"unknown type" in queue.whole().errors["one"]
    assert queue.counters() == {"enqueued": 1, "released": 1}


def test_a_fetch_tells_of_them_also_where_others_wait(queue):
    put_apart(queue, builders.job("one"))
    queue.submit(builders.job("two"), builders.job("three"))
    queue.redis.delete(queue.keys["wake"])

    first, second = queue.fetch(), queue.fetch()

    assert [len(batch.leases) for batch in (first, second)] == [1, 1]
    assert first.unhandled and second.unhandled
    assert len(queue.whole().wake) == 1, "another was woken for the third, and not for who stands apart"
    assert not queue.fetch("other").leases


def test_a_queue_without_them_tells_so(queue):
    queue.submit(builders.job("one"), builders.job("two"))

    assert [queue.fetch().unhandled for _ in range(3)] == [False] * 3


def test_a_worker_is_woken_for_them_for_it_may_know_them(queue):
    queue.submit(builders.job("one"))
    queue.redis.delete(queue.keys["wake"])

    put_apart(queue)

    assert len(queue.whole().wake) == 1


def test_who_knows_the_type_gets_them_in_their_old_order(queue):
    jobs = [builders.job(f"{p}-{n}", type="greet", priority=p) for n in range(3) for p in (2, 9, 5)]
    put_apart(queue, *jobs, builders.job("other", type="mail"))
    queue.submit(builders.job("late", type="greet", priority=9))

    assert queue.requeue_unhandled("greet", limit=4) == ["9-0", "9-1", "9-2", "5-0"]
    assert len(queue.requeue_unhandled("greet", "unknown")) == 5

    got = [lease.id for lease in queue.reserve(count=20)]
    assert got == [f"9-{n}" for n in range(3)] + ["late"] + [f"{p}-{n}" for p in (5, 2) for n in range(3)]
    assert list(queue.whole().unhandled) == ["other"]


def test_several_types_come_in_the_order_of_the_line(queue):
    put_apart(queue, *(builders.job(f"{n}", type=f"t{n % 3}") for n in range(9)))

    assert queue.requeue_unhandled("t2", "t0", limit=4) == ["0", "2", "3", "5"]


def test_they_have_waited_since_they_first_were_ready(queue):
    queue.submit(builders.job("one", type="greet"))
    queue.later(builders.minute)
    put_apart(queue)
    queue.later(builders.hour)

    depth = queue.depth()
    assert depth.oldest == {"normal": builders.NOW}
    assert depth.sizes["unhandled"] == 1
    assert depth.unhandled == {"greet": (1, builders.NOW + builders.minute)}
    queue.requeue_unhandled("greet")
    assert queue.depth().oldest == {"normal": builders.NOW}
    assert queue.depth().unhandled == {}
    assert queue.record("one").ready_at == builders.NOW


def test_depth_counts_them_by_type(queue):
    put_apart(queue, builders.job(type="b"), builders.job(type="a"), builders.job(type="b", priority=9))
    queue.later(builders.second)
    put_apart(queue, builders.job(type="a"))

    assert queue.depth().unhandled == {"a": (2, builders.NOW), "b": (2, builders.NOW)}


def test_those_that_have_stood_there_for_too_long_come_back_to_be_given_up(queue):
    put_apart(queue, builders.job("old", type="greet"))
    queue.later(builders.hour)
    put_apart(queue, builders.job("new", type="greet"))
    put_apart(queue, builders.job("older", type="mail"), waited=7200.0)

    assert queue.requeue_unhandled(patience_ms=builders.hour + 1) == ["older"]
    assert queue.requeue_unhandled(patience_ms=builders.hour) == ["old"]
    assert list(queue.whole().unhandled) == ["new"]


def test_an_operator_can_do_to_them_what_can_be_done_to_a_job_in_line(queue):
    put_apart(queue, *(builders.job(id, type="greet", unique_key=id) for id in ("one", "two", "three")))

    assert queue.requeue("one") == ["again"]
    assert queue.reschedule("one", delay_ms=5) == ["enqueued"]
    assert queue.cancel("one") == ["cancelled"]
    assert queue.purge("unhandled", "two") == 1

    assert queue.depth().unhandled == {"greet": (1, builders.NOW)}
    assert list(queue.whole().locks.values()) == [b"three"]
    found = queue.inspect("three")
    assert (found.state, found.unhandled, found.score) == ("enqueued", True, builders.NOW)


def test_one_that_was_asked_to_stop_is_cancelled(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    queue.cancel("one")
    to = Transition(JobState.ENQUEUED, 0.0, spent=False, unhandled=True)

    queue.settle(Settlement(lease, to))

    assert queue.state("one") == "cancelled"


def test_a_settlement_that_is_sent_again_changes_nothing(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    to = Settlement(lease, Transition(JobState.ENQUEUED, 0.0, spent=False, unhandled=True))
    assert queue.settle(to) == ["settled"]
    before = queue.whole()

    assert queue.settle(to) == ["again"]
    assert queue.whole() == before
    assert queue.requeue_unhandled("mail") == ["one"]
    assert queue.requeue_unhandled("mail") == []


def test_the_number_of_a_type_is_free_again_when_nobody_of_it_is_left(queue):
    put_apart(queue, builders.job("one", type="a"), builders.job("two", type="b"))
    queue.cancel("one")

    put_apart(queue, builders.job("three", type="c"))

    assert queue.whole().unhandled_types == {"b": b"1", "c": b"0"}
    assert queue.depth().unhandled == {"b": (1, builders.NOW), "c": (1, builders.NOW)}
    queue.requeue_unhandled("b", "c")
    assert not queue.whole().unhandled_types


def test_types_without_end_are_looked_at_again_later(queue):
    put_apart(queue, *(builders.job(f"{n}", type=f"t{n}") for n in range(498)))
    put_apart(queue, *(builders.job(f"{n}", type=f"t{n}") for n in range(498, 503)))

    assert len(queue.depth().unhandled) == 500
    apart = queue.depth().sizes
    assert (apart["unhandled"], apart["scheduled"]) == (500, 3)
    queue.later(builders.minute)
    queue.cancel("7")
    assert queue.promote().moved == 3
    put_apart(queue)
    apart = queue.depth().sizes
    assert (apart["unhandled"], apart["scheduled"]) == (500, 2)


@pytest.mark.parametrize("gone", ["unhandled_line", "unhandled_types"])
def test_where_a_part_of_what_is_kept_of_them_is_gone_nobody_is_lost(queue, gone):
    put_apart(queue, builders.job("one", type="a"), builders.job("two", type="b"))
    queue.redis.delete(queue.keys[gone])
    queue.later(builders.hour + 1)

    assert sorted(queue.requeue_unhandled()) == ["one", "two"]
    assert put_apart(queue) == ["one", "two"]


def test_a_record_that_cannot_be_read_ends_in_quarantine(queue):
    put_apart(queue, builders.job("one"))
    queue.redis.hset(queue.keys["meta"], "one", "garbage")

    assert queue.requeue_unhandled("mail") == ["one"]
    assert queue.reserve() == []

    assert queue.state("one") == "failed"


def test_a_sample_counts_them_among_those_that_wait(queue):
    put_apart(queue, builders.job("one"))
    queue.later(builders.second)
    queue.sample()

    (note,) = queue.whole().samples.values()
    assert note.split(b",")[0] == b"1"
    assert note.split(b",")[-1] == b"1000"


def test_a_full_memory_keeps_nobody_from_leaving(server, full):
    put_apart(server, builders.job("one"), builders.job("two"))
    full()

    assert server.requeue_unhandled("mail") == ["one", "two"]
    assert len(server.reserve(count=2)) == 2
