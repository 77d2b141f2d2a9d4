"""pause.lua: a queue stands still, and goes on."""

from __future__ import annotations

import builders


def test_a_queue_is_paused_since_a_moment(queue):
    assert queue.pause()

    assert queue.depth().paused_since == builders.NOW


def test_nothing_changes_the_second_time(queue):
    queue.pause()
    queue.later(builders.hour)

    assert not queue.pause()
    assert queue.depth().paused_since == builders.NOW
    assert queue.pause(paused=False)
    assert not queue.pause(paused=False)


def test_somebody_is_woken_when_it_goes_on(queue):
    queue.pause()

    queue.pause(paused=False)

    assert queue.whole().wake == [b"1"]


def test_running_jobs_end_as_ever(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    queue.pause()

    assert queue.settle(builders.settlement(lease)) == ["settled"]


def test_a_full_memory_keeps_nobody_from_the_brake(server, full):
    server.submit(builders.job("one"))
    full()

    assert server.pause()
    assert server.reserve() == []
    assert server.pause(paused=False)
    assert len(server.reserve()) == 1
