"""What the scripts tell to those who watch, and that they tell nothing where nobody does."""

from __future__ import annotations

from collections.abc import Callable

import builders
import pytest
from driver import Queue

from gopher_cli.store.calls.schedules import Missed
from store.test_schedule import change
from store.test_tick import FIRST, define, run, tick

Deed = Callable[[Queue], None]


def submit(queue: Queue) -> None:
    queue.submit(
        builders.job("one"),
        builders.job("two"),
        builders.job("late", delay=60.0),
        builders.job("child", after=["one"]),
    )


def reserve(queue: Queue) -> None:
    submit(queue)
    queue.reserve(count=2)


def complete(queue: Queue) -> None:
    submit(queue)
    queue.settle(*map(builders.settlement, queue.reserve(count=2)))


def come_to(*outcomes: object) -> Deed:
    def deed(queue: Queue) -> None:
        queue.submit(*(builders.job(f"j{n}") for n in range(len(outcomes))))
        leases = queue.reserve(count=len(outcomes))
        queue.settle(*map(builders.settlement, leases, outcomes))

    return deed


def forget_at_once(queue: Queue) -> None:
    queue.submit(builders.job("one"))
    queue.settle(*(builders.settlement(lease, retention=0.0) for lease in queue.reserve()))


def promote(queue: Queue) -> None:
    queue.submit(builders.job("late", delay=60.0))
    queue.later(builders.minute)
    queue.promote()


def lose(queue: Queue) -> None:
    queue.submit(builders.job("one"), builders.job("two"))
    queue.reserve(count=2)
    queue.cancel("two")
    queue.lose()


def die(queue: Queue) -> None:
    queue.submit(builders.job("one"), builders.job("two"))
    queue.reserve(count=2)
    queue.release(running=["one"], max_losses=1)


def cancel(queue: Queue) -> None:
    queue.submit(builders.job("one"), builders.job("two"))
    queue.cancel("one", "two", "nobody")


def requeue(queue: Queue) -> None:
    cancel(queue)
    queue.requeue("one", "two")


def reschedule(queue: Queue) -> None:
    queue.submit(builders.job("one"), builders.job("late", delay=60.0))
    queue.settle(*(builders.settlement(lease, builders.failure(delay=60.0)) for lease in queue.reserve()))
    queue.reschedule("late", "one", "nobody", delay_ms=5)


def purge(queue: Queue) -> None:
    cancel(queue)
    queue.purge("cancelled", "one", "nobody")


def expire(queue: Queue) -> None:
    queue.submit(builders.job("one"), builders.job("two"))
    queue.settle(*map(builders.settlement, queue.reserve()))
    queue.cancel("two")
    queue.later(10**10)
    queue.expire()


def pause(queue: Queue) -> None:
    queue.pause()
    queue.pause()
    queue.pause(paused=False)


def garbage(queue: Queue) -> None:
    queue.submit(builders.job("one"))
    queue.redis.hset(queue.keys["meta"], "one", "garbage")
    queue.reserve()


def plan(queue: Queue) -> None:
    define(queue)
    queue.later(builders.minute)
    tick(queue, run(FIRST), next=FIRST + builders.minute)


def skip(queue: Queue) -> None:
    plan(queue)
    queue.later(builders.minute)
    tick(
        queue,
        run(FIRST + builders.minute),
        next=FIRST + builders.hour,
        missed=Missed(1, FIRST + 1, FIRST + 1),
    )


def hold(queue: Queue) -> None:
    define(queue)
    change(queue, "pause", next="")
    change(queue, "resume", next=FIRST)


SAID = {
    "submit": (submit, ["enqueued one two", "scheduled late", "blocked child"]),
    "reserve": (reserve, ["processing one two"]),
    "settle a success": (complete, ["completed one two", "enqueued child"]),
    "settle other ends": (
        come_to(
            builders.failure(delay=60.0),
            builders.discard(),
            builders.snooze(),
            builders.interruption(),
            builders.cancellation(),
        ),
        ["retrying j0", "failed j1", "cancelled j4", "scheduled j2", "enqueued j3"],
    ),
    "settle without keeping": (forget_at_once, ["completed one", "gone one"]),
    "promote": (promote, ["enqueued late"]),
    "reclaim": (lose, ["enqueued one", "cancelled two"]),
    "release": (die, ["enqueued two", "failed one"]),
    "cancel": (cancel, ["cancelled one two"]),
    "requeue": (requeue, ["enqueued one two"]),
    "reschedule": (reschedule, ["scheduled late", "retrying one"]),
    "purge": (purge, ["gone one"]),
    "expire": (expire, ["completed one", "cancelled two", "gone one", "gone two"]),
    "pause": (pause, ["paused", "resumed"]),
    "tick": (plan, ["enqueued s:1700000060000"]),
    "a tick that makes nothing": (skip, ["schedule_missed s", "schedule_skipped s"]),
    "schedule": (hold, ["schedule_paused s", "schedule_resumed s"]),
}
each_deed = pytest.mark.parametrize(("deed", "said"), SAID.values(), ids=list(SAID))


def watch(queue: Queue) -> None:
    queue.redis.xadd(queue.keys["events"], {"watched": ""})


def told(queue: Queue) -> list[str]:
    entries = (one for _, entry in queue.redis.xrange(queue.keys["events"]) for one in entry.items())
    return [f"{state.decode()} {ids.decode()}".strip() for state, ids in entries]


@each_deed
def test_whoever_watches_hears_of_it(queue: Queue, deed: Deed, said: list[str]) -> None:
    watch(queue)

    deed(queue)

    assert told(queue)[-len(said) :] == said


@each_deed
def test_where_nobody_watches_nothing_is_told(queue: Queue, deed: Deed, said: list[str]) -> None:
    deed(queue)

    assert not queue.redis.exists(queue.keys["events"])


def test_what_is_sent_again_is_told_once(queue: Queue) -> None:
    watch(queue)
    job = builders.job("one")
    for _ in range(2):
        queue.submit(job)
    (lease,) = queue.reserve(token="w:1", sequence=1)
    queue.reserve(token="w:1", sequence=1)
    for _ in range(2):
        queue.settle(builders.settlement(lease))

    assert told(queue)[1:] == ["enqueued one", "processing one", "completed one"]


def test_a_job_in_quarantine_is_told_as_failed(queue: Queue) -> None:
    watch(queue)

    garbage(queue)

    assert told(queue)[-1] == "failed one"


def test_a_foreign_value_under_the_key_of_the_events_stops_nobody(queue: Queue, broken: None) -> None:
    queue.redis.set(queue.keys["events"], "theirs")

    complete(queue)

    assert queue.score("completed", "one")
    assert queue.redis.get(queue.keys["events"]) == b"theirs"


def test_a_full_memory_keeps_nobody_who_is_watched_from_draining(server: Queue, full) -> None:
    watch(server)
    server.submit(*(builders.job(f"j{n}") for n in range(20)))
    full()

    leases = server.reserve(count=20)
    server.settle(*map(builders.settlement, leases))

    assert all(server.state(f"j{n}") == "completed" for n in range(20))


def test_a_stream_is_capped_and_sooner_where_its_entries_are_large(server: Queue) -> None:
    watch(server)
    for batch in range(45):
        ids = [f"b{batch}-{n}" for n in range(60)]
        server.submit(*map(builders.job, ids))
        for n in range(60):
            server.cancel(ids[n])

    small = server.redis.xlen(server.keys["events"])
    for batch in range(2):
        server.submit(*(builders.job(f"c{batch}-{n}") for n in range(60)))

    assert small > 2000, "single jobs are kept for longer"
    assert server.redis.xlen(server.keys["events"]) < small
