"""How long a job has waited counts from when it first could run, however often workers give it back."""

from __future__ import annotations

import random

import builders
import pytest

from gopher_cli.store.asks.samples import samples


def age_of(queue, name="normal"):
    depth = queue.depth()
    return depth.now - depth.oldest[name]


def given_back(queue):
    queue.settle(builders.settlement(*queue.reserve(), builders.interruption()))


def lost(queue):
    queue.reserve()
    queue.lose()


def left_by_a_dead_process(queue):
    queue.reserve()
    queue.release()


@pytest.mark.parametrize("comes_back", [given_back, lost, left_by_a_dead_process])
def test_a_job_that_comes_back_has_waited_since_it_first_was_ready(queue, comes_back):
    queue.submit(builders.job("one"))
    queue.later(builders.hour)

    comes_back(queue)

    assert age_of(queue) == queue.now - builders.NOW
    assert queue.record("one").ready_at == builders.NOW


def tried_again(queue):
    queue.settle(builders.settlement(*queue.reserve(), builders.failure(delay=60.0)))
    queue.later(builders.minute)
    queue.promote()


def snoozed_by_its_handler(queue):
    queue.settle(builders.settlement(*queue.reserve(), builders.snooze(60.0)))
    queue.later(builders.minute)
    queue.promote()


def brought_back(queue):
    queue.settle(builders.settlement(*queue.reserve(), builders.discard()))
    queue.requeue("one")


@pytest.mark.parametrize("begins", [tried_again, snoozed_by_its_handler, brought_back])
def test_a_new_attempt_waits_anew(queue, begins):
    queue.submit(builders.job("one"))
    queue.later(builders.hour)

    begins(queue)
    queue.later(builders.second)

    assert age_of(queue) == builders.second


def test_the_wait_that_is_counted_is_the_whole_one(queue):
    queue.submit(builders.job("one"))
    for _ in range(3):
        queue.later(builders.minute)
        given_back(queue)
    queue.later(builders.minute)

    queue.settle(builders.settlement(*queue.reserve()))

    (cell,) = (text for field, text in queue.whole().cells.items() if field.startswith("m"))
    assert int(cell.split(b",")[4]) == 4 * builders.minute


def test_the_oldest_is_not_hidden_behind_jobs_that_were_tried_before(queue):
    """They keep their place in the line, and have waited for less long."""
    queue.submit(builders.job("tried"), builders.job("new"))
    queue.settle(builders.settlement(*queue.reserve(), builders.failure(delay=60.0)))
    queue.later(builders.hour)
    queue.promote()
    queue.requeue("tried")

    assert list(queue.whole().ready_normal) == ["tried", "new"]
    assert age_of(queue) == builders.hour


def test_the_oldest_is_not_hidden_behind_a_higher_priority(queue):
    queue.submit(builders.job("old", priority=4))
    queue.later(builders.hour)
    queue.submit(builders.job("new", priority=6), builders.job("newer", priority=5))

    assert age_of(queue) == builders.hour


def test_the_oldest_is_the_oldest_of_all_whatever_happened_to_them(queue):
    chance = random.Random(7)
    for n in range(120):
        queue.later(chance.randrange(3) * builders.second)
        what = chance.randrange(6)
        if what < 3:
            delay = chance.choice([0.0, 0.0, 30.0])
            queue.submit(builders.job(f"{n}", priority=chance.choice([3, 4, 5, 6, 9]), delay=delay))
        elif what == 3:
            queue.promote()
        else:
            for lease in queue.reserve(count=chance.randrange(1, 4)):
                queue.settle(
                    builders.settlement(
                        lease, builders.failure(delay=5.0) if what == 4 else builders.interruption()
                    )
                )
        state = queue.whole()
        expected = {
            name: min(state.record(id).ready_at for id in getattr(state, f"ready_{name}"))
            for name in ("high", "normal", "low")
            if getattr(state, f"ready_{name}")
        }  # fmt: skip
        assert queue.depth().oldest == expected, n


def test_a_sample_tells_the_same(queue):
    queue.submit(builders.job("old", priority=4))
    queue.later(builders.second)
    queue.submit(builders.job("new", priority=6))
    queue.later(builders.second)
    given_back(queue)

    queue.sample()

    minute = queue.now // builders.minute
    ask = samples([queue.keys], [minute])
    answers = [queue.redis.execute_command(*command) for command in ask.commands]
    assert ask.answer(answers)[0][minute].oldest_age_ms == 2 * builders.second
