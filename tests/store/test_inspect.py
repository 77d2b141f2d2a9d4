"""inspect.lua: everything about one job."""

from __future__ import annotations

import a


def test_a_waiting_job_knows_who_stands_before_it(queue):
    queue.submit(a.job("urgent", priority=9), a.job("first"), a.job("one"))

    found = queue.inspect("one")

    assert (found.state, found.ahead, found.score) == ("enqueued", 2, 5e13 + 3)
    assert (found.paused, found.cancel_asked, found.now) == (False, False, a.NOW)
    assert found.record.created == a.NOW
    assert found.spec == b'["mail",null]'


def test_a_running_job_tells_how_far_it_is(queue):
    queue.submit(a.job("one"))
    (lease,) = queue.reserve()
    queue.report(lease, progress=b"0.5", log=b"line\n")
    queue.cancel("one")
    queue.pause()

    found = queue.inspect("one")

    assert (found.state, found.score) == ("processing", a.NOW + a.lease_time)
    assert (found.progress, found.log) == (b"0.5", b"line\n")
    assert found.cancel_asked and found.paused


def test_an_ended_job_shows_its_result_and_history(queue):
    queue.submit(a.job("one"))
    queue.settle(a.settlement(*queue.reserve(), a.failure()))
    queue.requeue("one")
    queue.settle(a.settlement(*queue.reserve(), a.success(b"42")))

    found = queue.inspect("one")

    assert (found.state, found.result) == ("completed", b"42")
    assert b'"outcome":"failed"' in found.errors


def test_an_unknown_job_is_none(queue):
    assert queue.inspect("unknown") is None
