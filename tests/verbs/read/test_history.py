"""History for charts: what ended when, how long it took, and how the queues stood."""

from __future__ import annotations

import builders
import pytest
from driver import Queue

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import NotFound, Usage

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(gopher: Gopher, redis, namespace: str) -> Queue:
    """A queue whose clock the test moves."""
    await gopher.announce(["default"])
    return Queue(redis, namespace)


def work(queue: Queue, *outcomes, type: str = "mail", run_us: int = 1500) -> None:
    for outcome in outcomes:
        queue.submit(builders.job(type=type))
        queue.settle(builders.settlement(*queue.reserve(), outcome, run_us=run_us))


async def test_an_hour_is_told_by_the_minute_and_the_running_one_is_last(
    gopher: Gopher, queue: Queue
) -> None:
    work(queue, builders.success(), builders.failure())
    queue.later(2 * builders.minute)
    work(queue, builders.success(), builders.success(), builders.discard())

    told = await gopher.history(60, now_ms=queue.now)

    assert (told.step_seconds, len(told.times)) == (60, 60)
    assert told.times[-1] == told.complete_until == queue.now // builders.minute * 60
    assert told.times == list(range(told.times[0], told.times[-1] + 60, 60))
    assert told.completed[-3:] == [1, 0, 2]
    assert told.retried[-3:] == [1, 0, 0]
    assert told.failed[-3:] == [0, 0, 1]
    assert sum(told.completed) == 3


async def test_times_are_told_where_something_ended_and_nowhere_else(gopher: Gopher, queue: Queue) -> None:
    work(queue, *[builders.success()] * 9, run_us=2_000_000)
    work(queue, builders.success(), run_us=50_000_000)
    queue.later(builders.minute)

    told = await gopher.history(2, now_ms=queue.now)

    assert set(told.run) == set(told.wait) == {"p50", "p95", "p99"}
    assert told.run["p50"][1] is None and told.wait["p99"][1] is None
    assert 1 < told.run["p50"][0] <= 2.5
    assert 30 < told.run["p95"][0] <= told.run["p99"][0] <= 60
    assert told.wait["p50"][0] < 0.001


async def test_longer_spans_have_longer_steps_and_lose_nothing(gopher: Gopher, queue: Queue) -> None:
    for _ in range(14):
        work(queue, builders.success(), builders.failure())
        queue.later(25 * builders.minute)
        queue.expire()
        queue.sample()

    six_hours = await gopher.history(360, now_ms=queue.now)
    day = await gopher.history(1440, now_ms=queue.now)

    assert (six_hours.step_seconds, len(six_hours.times)) == (300, 72)
    assert (day.step_seconds, len(day.times)) == (3600, 24)
    assert (sum(six_hours.completed), sum(day.completed), sum(day.retried)) == (14, 14, 14)
    assert max(six_hours.completed) == 1
    assert sum(depth is not None for depth in six_hours.depth["retrying"]) == 14
    assert day.depth["retrying"][-1] == 14


async def test_a_type_and_a_queue_can_be_looked_at_alone(
    gopher: Gopher, queue: Queue, redis, namespace
) -> None:
    other = Queue(redis, namespace, "other")
    await gopher.announce(["other"])
    work(queue, builders.success(), builders.success())
    work(queue, builders.success(), type="sms")
    work(other, builders.success())

    async def completed(**which) -> int:
        return sum((await gopher.history(5, now_ms=queue.now, **which)).completed)

    assert await completed() == 4
    assert await completed(type="sms") == 1
    assert await completed(queues=["other"]) == 1
    assert await completed(queues=["other"], type="sms") == 0
    with pytest.raises(NotFound):
        await completed(queues=["nobody's"])


async def test_depths_are_added_up_over_queues_and_unknown_where_nobody_looked(
    gopher: Gopher, queue: Queue, redis, namespace
) -> None:
    other = Queue(redis, namespace, "other")
    await gopher.announce(["other"])
    queue.submit(builders.job(), builders.job(delay=9000.0))
    other.submit(builders.job())
    for one in (queue, other):
        one.later(builders.minute)
        one.sample()
        one.later(builders.minute)

    told = await gopher.history(3, now_ms=queue.now)

    assert told.depth["enqueued"] == [None, 2, None]
    assert told.depth["scheduled"] == [None, 1, None]
    assert told.depth["failed"] == [None, 0, None]
    assert told.oldest_age == [None, 60.0, None]


@pytest.mark.parametrize("minutes", [0, -1, 1441])
async def test_a_span_that_is_not_kept_is_refused(gopher: Gopher, minutes: int) -> None:
    with pytest.raises(Usage, match="1 to 1440 minutes"):
        await gopher.history(minutes)


async def test_a_new_namespace_has_a_history_of_nothing(gopher: Gopher) -> None:
    told = await gopher.history(10)

    assert told.completed == [0] * 10
    assert told.depth["enqueued"] == [None] * 10
    assert await gopher.totals() == {}


async def test_a_minute_is_noted_once_by_whoever_comes_first(gopher: Gopher, queue: Queue) -> None:
    queue.submit(builders.job())

    noted = [await gopher.sample("default", now=queue.at) for _ in range(3)]

    assert noted == [True, False, False]


async def test_totals_and_figures_tell_of_everything(gopher: Gopher, queue: Queue) -> None:
    work(queue, builders.success(), builders.failure())

    figures = await gopher.figures()

    assert (await gopher.totals())["mail"] == figures.types["mail"]
    assert figures.types["mail"].attempts == 2
    assert [one.queue for one in figures.queues] == ["default"]
    assert figures.unreadable == []
