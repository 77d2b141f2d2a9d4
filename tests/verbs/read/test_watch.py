"""Watching: nothing that happens is left out, and where it may be, that is said."""

from __future__ import annotations

from typing import Any

import builders
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, Unavailable, Usage
from gopher_cli.model.events import EventFilter, EventId, JobEvent, read_event_id
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.asks import ask, streams
from gopher_cli.verbs.read import event_reader

pytestmark = pytest.mark.anyio


def told(events: list[JobEvent]) -> list[str]:
    return [" ".join([event.queue, event.state, *event.job_ids]) for event in events]


async def submit(gopher: Gopher, *ids: str, queue: str = "default") -> None:
    await gopher.submit_many([builders.job(id, queue=queue) for id in ids])


async def test_it_begins_now(gopher: Gopher) -> None:
    await submit(gopher, "before")
    looking = gopher.event_reader()

    assert await looking.look() == []
    await submit(gopher, "after")
    assert told(await looking.look()) == ["default enqueued after"]
    assert await looking.look() == []


async def test_a_queue_that_is_new_is_introduced_with_its_jobs(gopher: Gopher) -> None:
    looking = gopher.event_reader()
    await looking.look()
    await gopher.submit_many([builders.job("one"), builders.job("two"), builders.job("late", delay=60.0)])

    assert sorted(told(await looking.look())) == ["default enqueued two one", "default scheduled late"]
    await submit(gopher, "three")
    assert told(await looking.look()) == ["default enqueued three"]


async def test_a_queue_that_is_new_is_introduced_to_all_who_watch(gopher: Gopher) -> None:
    both = [gopher.event_reader(), gopher.event_reader()]
    for looking in both:
        await looking.look()
    await submit(gopher, "one", "two")
    first = await both[0].look()
    await submit(gopher, "three")
    second = await both[1].look()

    assert told(first) == ["default enqueued two one"]
    assert {id for event in second for id in event.job_ids} == {"one", "two", "three"}
    assert told(await both[0].look()) == ["default enqueued three"] and await both[1].look() == []


async def test_a_queue_that_is_not_asked_for_is_not_watched(gopher: Gopher, redis: Redis) -> None:
    await submit(gopher, "x", queue="x")
    await submit(gopher, "y", queue="y")
    looking = gopher.event_reader(["x", "later"])
    await looking.look()
    await submit(gopher, "x2", queue="x")
    await submit(gopher, "y2", queue="y")
    await submit(gopher, "z", queue="later")

    assert sorted(told(await looking.look())) == ["later enqueued z", "x enqueued x2"]
    assert not redis.exists(gopher.keys("y")["events"])


async def test_what_nobody_watches_any_more_is_told_no_more(gopher: Gopher, redis: Redis) -> None:
    await submit(gopher, "one")
    await gopher.event_reader().look()
    key = gopher.keys("default")["events"]

    assert 50_000 < redis.pttl(key) <= streams.KEPT_MS


async def test_what_is_no_stream_is_somebody_elses_and_left_alone(gopher: Gopher, redis: Redis) -> None:
    await submit(gopher, "one")
    key = gopher.keys("default")["events"]
    redis.set(key, "theirs")
    with pytest.raises(BadData):
        await gopher.event_reader().look()

    assert (redis.get(key), redis.pttl(key)) == (b"theirs", -1)
    redis.delete(key)


async def test_who_watches_renews(gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_reader, "_RENEWED", 0.0)
    await submit(gopher, "one")
    looking, key = gopher.event_reader(), gopher.keys("default")["events"]
    await looking.look()
    redis.pexpire(key, 5000)
    await looking.look()

    assert redis.pttl(key) > 50_000


async def test_who_has_lost_the_stream_says_that_something_was_missed(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reader, "_RENEWED", 0.0)
    await submit(gopher, "one")
    first, second = gopher.event_reader(), gopher.event_reader()
    await first.look()
    await second.look()
    redis.delete(gopher.keys("default")["events"])

    assert told(await first.look()) == ["default missed"]
    assert told(await second.look()) == ["default missed"], "another has made it anew"
    assert await first.look() == await second.look() == []


async def test_coming_back_with_any_id_leaves_nothing_out(gopher: Gopher) -> None:
    for queue in ("x", "y"):
        await submit(gopher, f"{queue}-first", queue=queue)
    looking = gopher.event_reader()
    await looking.look()
    for n in range(6):
        await submit(gopher, f"j{n}", queue="xy"[n % 2])
    whole = await looking.look()

    for n, event in enumerate(whole):
        again = await gopher.event_reader(last_id=str(event.id)).look()
        assert {id for e in whole[n + 1 :] for id in e.job_ids} <= {id for e in again for id in e.job_ids}
        assert event not in again


async def test_more_than_one_look_can_hold_comes_in_order(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reader, "_MOST", 3)
    for queue in ("x", "y"):
        await submit(gopher, f"{queue}-first", queue=queue)
    looking = gopher.event_reader()
    await looking.look()
    for n in range(8):
        await submit(gopher, f"x{n}", queue="x")
    await submit(gopher, "y0", queue="y")
    looks: list[list[JobEvent]] = []
    while found := await looking.look():
        looks.append(found)
    events = [event for look in looks for event in look]

    assert len(looks) > 1
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)
    ids = [id for event in events for id in event.job_ids]
    assert sorted(ids) == sorted(["y0", *(f"x{n}" for n in range(8))])


async def test_types_are_told_where_they_are_known(gopher: Gopher) -> None:
    await submit(gopher, "one")
    looking = gopher.event_reader(types=True)
    await looking.look()
    await gopher.submit_many([builders.job("two", type="mail"), builders.job("three", type="note")])
    await gopher.purge(Filter(states=("enqueued",)))
    await gopher.submit_many([builders.job("four", type="mail")])

    events = await looking.look()
    assert events[-1].types == {"four": "mail"}
    assert events[0].types == {}, "of jobs that are gone nobody knows it"


async def test_what_was_read_before_redis_went_away_is_told_later(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(gopher, "one")
    looking = gopher.event_reader(types=True)
    await looking.look()
    await submit(gopher, "two")
    with monkeypatch.context() as patch:
        patch.setattr(streams, "specs", _away)
        with pytest.raises(Unavailable):
            await looking.look()

    assert told(await looking.look()) == ["default enqueued two"]


def _away(*_: Any) -> Any:
    raise Unavailable("gone")


async def test_servers_apart_say_the_same(gopher: Gopher) -> None:
    for queue in ("x", "y", "z"):
        await submit(gopher, f"{queue}1", queue=queue)
    await gopher.event_reader().look()
    for queue in ("x", "y"):
        await submit(gopher, f"{queue}2", queue=queue)
    after = dict.fromkeys(map(gopher.keys, "xyz"), "0-0")
    together = await gopher.store.ask(streams.news(after, 100, apart=False))
    apart = await gopher.store.ask(streams.news(after, 100, apart=True))

    assert together == apart and len(together) == 3


async def test_watch_goes_on_and_on(gopher: Gopher) -> None:
    await submit(gopher, "one")
    await gopher.event_reader().look()
    at = str(EventId(await gopher.store.ask(ask.time_ms()) - 1, 0, "default"))
    await submit(gopher, "two")
    found: list[str] = []
    watching = gopher.watch(["default"], last_id=at, every=0.01)
    async for event in watching:
        found += event.job_ids
        if "three" in found:
            break
        await submit(gopher, "three")
    await watching.aclose()  # type: ignore[attr-defined]

    assert found == ["two", "three"]


async def test_what_has_happened_is_known_for_a_while_and_looking_back_watches_nothing(
    gopher: Gopher, redis: Redis
) -> None:
    await submit(gopher, "one")
    assert await gopher.past_events() is None
    assert not redis.exists(gopher.keys("default")["events"])
    await gopher.event_reader().look()
    await submit(gopher, "two")

    assert told(await gopher.past_events() or []) == ["default enqueued two"]


@pytest.mark.parametrize("text", ["", "1", "1-1", "1-1-", "x-1-q", "1-1-ä", "1-1-q\n", "1" * 16 + "-0-q"])
def test_an_id_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        read_event_id(text)


def test_an_id_can_be_read_back() -> None:
    id = EventId(1767225600000, 7, "a-b.c_d")

    assert read_event_id(str(id)) == id


def test_what_was_missed_is_told_to_everybody_who_wants_that_queue() -> None:
    missed = JobEvent(EventId(1, 0, "x"), "missed")

    assert EventFilter(states=frozenset({"failed"}), jobs=frozenset({"j"})).has(missed)
    assert not EventFilter(queues=frozenset({"y"})).has(missed)


@pytest.mark.parametrize("arrived", [1, 2, 3, 4])
async def test_no_stream_is_without_an_end_whatever_arrives_of_its_beginning(
    gopher: Gopher, redis: Redis, arrived: int
) -> None:
    """The connection may break after any command."""
    await submit(gopher, "one")
    key = gopher.keys("default")["events"]
    for command in streams.begin(gopher.keys("default")).commands[:arrived]:
        redis.execute_command(*command)

    assert redis.pttl(key) != -1
    assert bool(redis.exists(key)) == (arrived >= 3)
    await gopher.event_reader().look()
    assert 50_000 < redis.pttl(key) <= streams.KEPT_MS and not redis.exists(f"{key}_new")


async def test_of_two_who_begin_a_stream_at_once_neither_takes_it_from_the_other(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(gopher, "one")
    first, second, key = gopher.event_reader(), gopher.event_reader(), gopher.keys("default")["events"]
    begin = streams.begin

    def late(keys: Any) -> Any:
        redis.xadd(key, {streams.MARK: ""})
        redis.pexpire(key, streams.KEPT_MS)
        return begin(keys)

    monkeypatch.setattr(streams, "begin", late)
    await second.look()
    monkeypatch.undo()
    await first.look()
    await submit(gopher, "two")

    assert told(await second.look()) == told(await first.look()) == ["default enqueued two"]
    assert redis.xlen(key) == 2
    assert not redis.exists(f"{key}_new")
