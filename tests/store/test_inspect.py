"""inspect.lua: everything about one job."""

from __future__ import annotations

import builders


def test_a_waiting_job_knows_who_stands_before_it(queue):
    queue.submit(builders.job("urgent", priority=9), builders.job("first"), builders.job("one"))

    found = queue.inspect("one")

    assert (found.state, found.ahead, found.score) == ("enqueued", 2, 5e13 + 3)
    assert (found.paused, found.cancel_asked, found.now) == (False, False, builders.NOW)
    assert found.record.created == builders.NOW
    assert found.spec == b'["mail",null]'


def test_a_running_job_tells_how_far_it_is(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    queue.report(lease, progress=b"0.5", log=b"line\n")
    queue.cancel("one")
    queue.pause()

    found = queue.inspect("one")

    assert (found.state, found.score) == ("processing", builders.NOW + builders.lease_time)
    assert (found.progress, found.log) == (b"0.5", b"line\n")
    assert found.cancel_asked and found.paused


def test_an_ended_job_shows_its_result_and_history(queue):
    queue.submit(builders.job("one"))
    queue.settle(builders.settlement(*queue.reserve(), builders.failure()))
    queue.requeue("one")
    queue.settle(builders.settlement(*queue.reserve(), builders.success(b"42")))

    found = queue.inspect("one")

    assert (found.state, found.result) == ("completed", b"42")
    assert b'"outcome":"failed"' in found.errors


def test_an_unknown_job_is_none(queue):
    assert queue.inspect("unknown") is None
