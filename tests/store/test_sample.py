"""sample.lua: how a queue stood, noted once a minute."""

from __future__ import annotations

import builders

from gopher_cli.store.asks.samples import samples

MINUTE = builders.NOW // builders.minute


def noted(queue, minute=MINUTE):
    ask = samples([queue.keys], [minute])
    return ask.answer([queue.redis.execute_command(*command) for command in ask.commands])[0].get(minute)


def test_it_tells_how_many_jobs_stand_where_and_how_long_the_oldest_waits(queue):
    queue.submit(builders.job("one", priority=9), builders.job("two"), builders.job("three", priority=1))
    queue.submit(builders.job("later", delay=60.0), builders.job("child", after=["three"]))
    queue.submit(
        builders.job("runs", priority=10),
        builders.job("dies", priority=10),
        builders.job("tries", priority=10),
    )
    queue.reserve(count=1)
    queue.settle(builders.settlement(*queue.reserve(), builders.discard()))
    queue.settle(builders.settlement(*queue.reserve(), builders.failure()))
    queue.later(1500)

    assert queue.sample()

    seen = noted(queue)
    assert (seen.enqueued, seen.scheduled, seen.blocked, seen.processing) == (3, 1, 1, 1)
    assert (seen.failed, seen.retrying, seen.oldest_age_ms) == (1, 1, 1500)


def test_a_minute_is_noted_once(queue):
    queue.submit(builders.job())
    assert queue.sample()
    queue.submit(builders.job())

    assert not queue.sample()
    assert noted(queue).enqueued == 1
    queue.later(builders.minute)
    assert queue.sample()
    assert noted(queue, MINUTE + 1).enqueued == 2


def test_what_is_older_than_a_day_goes_and_what_is_yet_to_come_too(queue):
    queue.submit(builders.job())
    queue.sample()
    queue.later(3 * builders.day)
    queue.sample()
    assert list(queue.whole().samples) == [str(MINUTE + 3 * 24 * 60)]
    queue.later(-builders.day)

    queue.sample()

    assert list(queue.whole().samples) == [str(MINUTE + 2 * 24 * 60)]


def test_minutes_to_come_go_also_when_the_clock_is_back_in_a_minute_that_was_noted(queue):
    queue.submit(builders.job())
    queue.sample()
    queue.later(builders.minute)
    queue.sample()
    queue.later(-builders.minute)

    assert not queue.sample()

    assert list(queue.whole().samples) == [str(MINUTE)]


def test_a_queue_that_holds_nothing_waits_for_nothing(queue):
    queue.submit(builders.job())
    queue.reserve()
    queue.sample()

    assert noted(queue).oldest_age_ms == 0


def test_garbage_is_passed_over_and_goes(queue, broken):
    queue.submit(builders.job("one"))
    queue.redis.hset(queue.keys["samples"], mapping={"junk": "x", str(MINUTE - 1): "1,2"})
    queue.redis.hset(queue.keys["meta"], "one", "garbage")

    queue.sample()

    assert sorted(queue.whole().samples) == [str(MINUTE - 1), str(MINUTE)]
    assert noted(queue, MINUTE - 1) is None
    assert noted(queue).enqueued == 1


def test_a_full_memory_is_no_hindrance(server, full):
    server.submit(builders.job())
    full()

    assert server.sample()
