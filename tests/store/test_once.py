"""once.lua: what a job does once, over all its attempts."""

from __future__ import annotations

import builders


def test_what_was_done_is_remembered_in_the_next_attempt(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    assert not queue.once(lease, "charge").done

    assert queue.once(lease, "charge", b'{"id":7}').done
    queue.settle(builders.settlement(lease, builders.failure()))
    queue.requeue("one")
    (lease,) = queue.reserve()

    again = queue.once(lease, "charge")
    assert (again.held, again.done, again.value) == (True, True, b'{"id":7}')


def test_the_first_value_stays(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    queue.once(lease, "key", b"1")

    assert queue.once(lease, "key", b"2").value == b"1"


def test_each_key_has_its_own_value(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    queue.once(lease, "a", b"1")
    queue.once(lease, "ab", b"2")

    assert queue.once(lease, "ab").value == b"2"


def test_only_the_holder_may(queue):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve("w1")
    queue.lose()
    queue.reserve("w2")

    assert not queue.once(lease, "key", b"1").held
    assert not queue.once(builders.lease("one", token=""), "key", b"1").held
    assert not queue.whole().once
