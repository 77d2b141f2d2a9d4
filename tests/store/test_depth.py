"""depth.lua: how a queue stands."""

from __future__ import annotations

import builders

from gopher_cli.store.keyspace import PLACES


def test_every_place_is_counted(queue):
    queue.submit(builders.job(priority=9), builders.job(), builders.job(delay=5.0))
    queue.reserve()

    depth = queue.depth()

    sizes = {"running": 1, "ready_normal": 1, "scheduled": 1}
    assert depth.sizes == dict.fromkeys(PLACES, 0) | sizes
    assert depth.counters == {"enqueued": 3}
    assert (depth.now, depth.paused_since, depth.outbox) == (builders.NOW, 0, 0)


def test_it_tells_since_when_the_first_of_each_class_waits(queue):
    queue.submit(builders.job(priority=9))
    queue.later(builders.minute)
    queue.submit(builders.job(priority=9), builders.job(priority=1))

    assert queue.depth().oldest == {"high": builders.NOW, "low": builders.NOW + builders.minute}


def test_an_empty_queue_is_empty(queue):
    depth = queue.depth()

    assert (sum(depth.sizes.values()), depth.counters, depth.oldest) == (0, {}, {})


def test_a_counter_that_is_no_number_hides_nothing_else(queue):
    queue.submit(builders.job())
    queue.redis.hset(queue.keys["counters"], "failed", "rubbish")

    assert queue.depth().counters == {"enqueued": 1}
    queue.redis.hdel(queue.keys["counters"], "failed")
