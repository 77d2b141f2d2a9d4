"""submit.lua: jobs come in, once each."""

from __future__ import annotations

import builders
import pytest
from redis.exceptions import ResponseError

from gopher_cli.store import calls


def test_a_job_is_stored_and_stands_in_line(queue):
    job = builders.job("one", priority=5, payload={"to": "ann"})

    (receipt,) = queue.submit(job)

    assert receipt.accepted
    whole = queue.whole()
    assert whole.ready_normal == {"one": 5e13 + 1}
    assert whole.meta == {"one": b"0;0;;;;50000000000001;%d;;" % builders.NOW}
    assert whole.spec == {"one": b'["mail",{"to":"ann"}]'}
    assert whole.counts == {"enqueued": 1}
    assert whole.wake == [b"1"]


@pytest.mark.parametrize(
    ("priority", "line"),
    [(10, "high"), (7, "high"), (6, "normal"), (4, "normal"), (3, "low"), (0, "low")],
)
def test_a_priority_decides_the_line(queue, priority, line):
    queue.submit(builders.job("one", priority=priority))

    assert list(getattr(queue.whole(), f"ready_{line}")) == ["one"]


def test_jobs_of_one_priority_stand_in_the_order_they_came(queue):
    queue.submit(builders.job("b"), builders.job("a"))
    queue.submit(builders.job("c"), builders.job("first", priority=6))

    assert list(queue.whole().ready_normal) == ["first", "b", "a", "c"]


def test_a_known_id_is_not_stored_again(queue):
    queue.submit(builders.job("one", payload=1))
    before = queue.whole()

    (receipt,) = queue.submit(builders.job("one", payload=2))

    assert (receipt.accepted, receipt.duplicate_of) == (False, "")
    assert queue.whole() == before


def test_an_id_counts_once_in_one_call(queue):
    receipts = queue.submit(builders.job("one"), builders.job("one"))

    assert [r.accepted for r in receipts] == [True, False]
    assert queue.counters() == {"enqueued": 1}


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({"delay": 60.0}, "scheduled"),
        ({"due": builders.NOW / 1000 + 60}, "scheduled"),
        ({"due": builders.NOW / 1000 - 60}, "enqueued"),
    ],
)
def test_what_is_due_later_is_scheduled(queue, given, state):
    queue.submit(builders.job("one", **given))

    assert queue.state("one") == state
    assert queue.score("scheduled", "one") == (
        builders.NOW + builders.minute if state == "scheduled" else None
    )


def test_a_unique_key_admits_one_live_job(queue):
    queue.submit(builders.job("one", unique_key="report"))

    second, other = queue.submit(
        builders.job("two", unique_key="report"), builders.job("three", unique_key="other")
    )

    assert (second.accepted, second.duplicate_of) == (False, "one")
    assert other.accepted


def test_a_unique_key_admits_one_job_of_a_call(queue):
    _, second = queue.submit(builders.job("one", unique_key="k"), builders.job("two", unique_key="k"))

    assert second.duplicate_of == "one"


def test_a_unique_key_is_free_when_its_job_has_ended(queue):
    queue.submit(builders.job("one", unique_key="k"))
    queue.settle(builders.settlement(*queue.reserve()))

    (receipt,) = queue.submit(builders.job("two", unique_key="k"))

    assert receipt.accepted


def test_a_unique_key_with_a_time_outlasts_its_job(queue):
    queue.submit(builders.job("one", unique_key="k", unique_for=60.0))
    queue.settle(builders.settlement(*queue.reserve(), retention=0.0))

    assert queue.submit(builders.job("two", unique_key="k"))[0].duplicate_of == "one"
    queue.later(builders.minute)
    assert queue.submit(builders.job("two", unique_key="k"))[0].accepted


def test_a_unique_key_with_a_time_does_not_admit_a_second_live_job_after_it(queue):
    queue.submit(builders.job("one", unique_key="k", unique_for=60.0))
    queue.later(2 * builders.minute)
    queue.expire()

    assert queue.submit(builders.job("two", unique_key="k"))[0].duplicate_of == "one"


def test_a_job_waits_for_those_that_have_not_completed(queue):
    queue.submit(builders.job("done", priority=9), builders.job("open"))
    queue.settle(builders.settlement(*queue.reserve()))

    queue.submit(builders.job("child", after=["done", "open", "open"]))

    assert queue.score("blocked", "child") == 1
    assert list(queue.whole().waiters) == ["open"]


def test_a_job_waits_for_one_that_came_before_it_in_the_same_call(queue):
    queue.submit(builders.job("parent"), builders.job("child", after=["parent"]))

    assert queue.state("child") == "blocked"


def test_a_job_that_would_wait_for_one_that_is_not_there_is_not_stored(queue):
    queue.submit(builders.job("open"), builders.job("known", after=["open"]))

    receipts = queue.submit(
        builders.job("child", after=["open", "never-heard-of"]), builders.job("other", after=["child"]),
        builders.job("known", after=["gone"]), builders.job("fine"),
    )  # fmt: skip

    assert [receipt.missing for receipt in receipts] == ["never-heard-of", "child", "", ""]
    assert [receipt.accepted for receipt in receipts] == [False, False, False, True]
    assert (queue.state("child"), queue.state("other")) == ("gone", "gone")


def test_together_none_is_stored_where_one_is_missing(queue):
    queue.submit(builders.job("there"))
    jobs = [builders.job("first"), builders.job("child", after=["never-heard-of"])]
    receipts = queue.run(calls.submit(queue.keys, jobs, now=queue.at, together=True))

    assert receipts[1].missing == "never-heard-of"
    assert queue.state("first") == "gone"


def test_together_none_is_stored_where_the_holder_of_a_key_is_being_cancelled(queue):
    queue.submit(builders.job("holder", unique_key="k"))
    queue.reserve()
    queue.cancel("holder")
    jobs = [builders.job("first"), builders.job("second", unique_key="k"), builders.job("third")]
    receipts = queue.run(calls.submit(queue.keys, jobs, now=queue.at, together=True))

    assert receipts[1].stops and receipts[1].duplicate_of == "holder"
    assert (queue.state("first"), queue.state("third")) == ("gone", "gone")


def test_a_batch_keeps_how_far_it_has_come(queue):
    queue.submit(builders.job("one"), batch="nightly", mark=17)

    assert queue.whole().batches == {"nightly": b"17;%d" % builders.NOW}


def test_a_full_memory_refuses_the_whole_call(server, full):
    server.submit(builders.job("before"))
    before = server.whole()
    full()

    with pytest.raises(ResponseError, match="used memory"):
        server.submit(builders.job("one", unique_key="k"), builders.job("two", delay=5.0), batch="b", mark=2)

    assert server.whole() == before


def test_a_key_that_outlives_its_job_tells_until_when_and_who_it_was(queue):
    queue.submit(builders.job("first", unique_key="k", unique_for=60.0))
    (lease,) = queue.reserve()
    queue.settle(builders.settlement(lease, retention=2.0))
    queue.later(3000)
    queue.expire()

    (second,) = queue.submit(builders.job("second", unique_key="k"))
    assert (second.accepted, second.duplicate_of) == (False, "first")
    assert second.held_until == builders.NOW + 60_000
    queue.later(60_000)
    assert queue.submit(builders.job("third", unique_key="k"))[0].accepted


def test_a_key_whose_job_is_kept_has_no_end_to_tell(queue):
    queue.submit(builders.job("first", unique_key="k", unique_for=60.0))
    (lease,) = queue.reserve()
    queue.settle(builders.settlement(lease))

    (second,) = queue.submit(builders.job("second", unique_key="k"))

    assert (second.duplicate_of, second.held_until, second.stops) == ("first", 0, False)


def test_who_is_kept_out_by_a_job_that_is_being_cancelled_hears_so(queue):
    queue.submit(builders.job("first", unique_key="k"))
    queue.reserve()
    queue.cancel("first")

    (second,) = queue.submit(builders.job("second", unique_key="k"))

    assert (second.accepted, second.duplicate_of, second.stops) == (False, "first", True)


def test_a_request_is_stored_once_while_it_is_known_whatever_becomes_of_its_job(queue):
    asked = {"once": "r1", "once_for": 60.0}
    (first,) = queue.submit(builders.msgspec.structs.replace(builders.job("one"), **asked))
    queue.purge("ready_normal", "one")
    again, other = queue.submit(
        builders.msgspec.structs.replace(builders.job("two"), **asked),
        builders.msgspec.structs.replace(builders.job("three"), once="r2", once_for=60.0),
    )

    assert (first.accepted, again.accepted, other.accepted) == (True, False, True)
    queue.later(60_000)
    queue.expire()
    assert queue.whole().asked == {}
    assert queue.submit(builders.msgspec.structs.replace(builders.job("four"), **asked))[0].accepted


def test_a_request_that_comes_twice_in_one_call_is_stored_once(queue):
    jobs = [
        builders.msgspec.structs.replace(builders.job(id), once="r1", once_for=60.0) for id in ("one", "two")
    ]

    assert [one.accepted for one in queue.submit(*jobs)] == [True, False]


def test_a_job_that_is_due_before_all_others_wakes_somebody_who_sleeps(queue):
    queue.submit(builders.job("later", delay=60.0))
    queue.redis.delete(queue.keys["wake"])

    queue.submit(builders.job("last", delay=61.0))
    assert not queue.whole().wake
    queue.submit(builders.job("soon", delay=0.3))
    assert queue.whole().wake == [b"1"]
