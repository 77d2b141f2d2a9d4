"""renew.lua: a living worker keeps what it holds."""

from __future__ import annotations

import builders


def test_a_worker_keeps_all_that_it_holds(queue):
    queue.submit(builders.job("one"), builders.job("two"))
    queue.reserve(count=2)
    queue.later(builders.hour)

    told = queue.renew()

    assert (told.held, told.lost, told.cancel) == (2, [], [])
    ends = queue.now + builders.lease_time
    assert queue.whole().running == {"one": ends, "two": ends}


def test_it_hears_what_it_has_lost_and_once_only(queue):
    queue.submit(builders.job("one"))
    queue.reserve("w1")
    queue.lose()
    queue.reserve("w2")

    assert queue.renew("w1").lost == ["one"]

    assert queue.renew("w1").lost == []
    assert queue.record("one").token.startswith("w2:")


def test_it_hears_what_shall_stop(queue):
    queue.submit(builders.job("one"), builders.job("two"))
    queue.reserve(count=2)
    queue.cancel("two")

    assert queue.renew().cancel == ["two"]


def test_it_renews_the_slice_it_is_asked_for(queue):
    queue.submit(*(builders.job(f"job-{n}") for n in range(3)))
    queue.reserve(count=3)
    queue.later(1)

    assert queue.renew(first=1, last=1).held == 3

    assert sorted(queue.whole().running.values()).count(queue.now + builders.lease_time) == 1


def test_a_full_memory_ends_no_lease(server, full):
    server.submit(builders.job("one"))
    server.reserve()
    server.later(builders.second)
    full()

    assert server.renew().lost == []

    assert server.score("running", "one") == server.now + builders.lease_time
