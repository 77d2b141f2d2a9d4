"""Watching: nothing that happens is left out, and where it may be, that is said. And who did what."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import a
import pytest
from redis import Redis

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, Unavailable, Usage
from gopher_cli.model.filtering import Filter
from gopher_cli.model.happenings import EventId, JobEvent, Wanted, read_event_id
from gopher_cli.store import ask, streams
from gopher_cli.store.keys import fleet_key
from gopher_cli.verbs import lookout

pytestmark = pytest.mark.anyio


def told(events: list[JobEvent]) -> list[str]:
    return [" ".join([event.queue, event.state, *event.job_ids]) for event in events]


async def submit(gopher: Gopher, *ids: str, queue: str = "default") -> None:
    await gopher.submit_many([a.job(id, queue=queue) for id in ids])


async def test_it_begins_now(gopher: Gopher) -> None:
    await submit(gopher, "before")
    looking = gopher.lookout()

    assert await looking.look() == []
    await submit(gopher, "after")
    assert told(await looking.look()) == ["default enqueued after"]
    assert await looking.look() == []


async def test_a_queue_that_is_new_is_introduced_with_its_jobs(gopher: Gopher) -> None:
    looking = gopher.lookout()
    await looking.look()
    await gopher.submit_many([a.job("one"), a.job("two"), a.job("late", delay=60.0)])

    assert sorted(told(await looking.look())) == ["default enqueued two one", "default scheduled late"]
    await submit(gopher, "three")
    assert told(await looking.look()) == ["default enqueued three"]


async def test_a_queue_that_is_new_is_introduced_to_all_who_watch(gopher: Gopher) -> None:
    both = [gopher.lookout(), gopher.lookout()]
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
    looking = gopher.lookout(["x", "later"])
    await looking.look()
    await submit(gopher, "x2", queue="x")
    await submit(gopher, "y2", queue="y")
    await submit(gopher, "z", queue="later")

    assert sorted(told(await looking.look())) == ["later enqueued z", "x enqueued x2"]
    assert not redis.exists(gopher.keys("y")["events"])


async def test_what_nobody_watches_any_more_is_told_no_more(gopher: Gopher, redis: Redis) -> None:
    await submit(gopher, "one")
    await gopher.lookout().look()
    key = gopher.keys("default")["events"]

    assert 50_000 < redis.pttl(key) <= streams.KEPT_MS


async def test_what_is_no_stream_is_somebody_elses_and_left_alone(gopher: Gopher, redis: Redis) -> None:
    await submit(gopher, "one")
    key = gopher.keys("default")["events"]
    redis.set(key, "theirs")
    with pytest.raises(BadData):
        await gopher.lookout().look()

    assert (redis.get(key), redis.pttl(key)) == (b"theirs", -1)
    redis.delete(key)


async def test_who_watches_renews(gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "_RENEWED", 0.0)
    await submit(gopher, "one")
    looking, key = gopher.lookout(), gopher.keys("default")["events"]
    await looking.look()
    redis.pexpire(key, 5000)
    await looking.look()

    assert redis.pttl(key) > 50_000


async def test_who_has_lost_the_stream_says_that_something_was_missed(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "_RENEWED", 0.0)
    await submit(gopher, "one")
    first, second = gopher.lookout(), gopher.lookout()
    await first.look()
    await second.look()
    redis.delete(gopher.keys("default")["events"])

    assert told(await first.look()) == ["default missed"]
    assert told(await second.look()) == ["default missed"], "another has made it anew"
    assert await first.look() == await second.look() == []


async def test_coming_back_with_any_id_leaves_nothing_out(gopher: Gopher) -> None:
    for queue in ("x", "y"):
        await submit(gopher, f"{queue}-first", queue=queue)
    looking = gopher.lookout()
    await looking.look()
    for n in range(6):
        await submit(gopher, f"j{n}", queue="xy"[n % 2])
    whole = await looking.look()

    for n, event in enumerate(whole):
        again = await gopher.lookout(last_id=str(event.id)).look()
        assert {id for e in whole[n + 1 :] for id in e.job_ids} <= {id for e in again for id in e.job_ids}
        assert event not in again


async def test_more_than_one_look_can_hold_comes_in_order(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "_MOST", 3)
    for queue in ("x", "y"):
        await submit(gopher, f"{queue}-first", queue=queue)
    looking = gopher.lookout()
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
    looking = gopher.lookout(types=True)
    await looking.look()
    await gopher.submit_many([a.job("two", type="mail"), a.job("three", type="note")])
    await gopher.purge(Filter(states=("enqueued",)))
    await gopher.submit_many([a.job("four", type="mail")])

    events = await looking.look()
    assert events[-1].types == {"four": "mail"}
    assert events[0].types == {}, "of jobs that are gone nobody knows it"


async def test_what_was_read_before_redis_went_away_is_told_later(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(gopher, "one")
    looking = gopher.lookout(types=True)
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
    await gopher.lookout().look()
    for queue in ("x", "y"):
        await submit(gopher, f"{queue}2", queue=queue)
    after = dict.fromkeys(map(gopher.keys, "xyz"), "0-0")
    together = await gopher.store.ask(streams.news(after, 100, apart=False))
    apart = await gopher.store.ask(streams.news(after, 100, apart=True))

    assert together == apart and len(together) == 3


async def test_watch_goes_on_and_on(gopher: Gopher) -> None:
    await submit(gopher, "one")
    await gopher.lookout().look()
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
    assert await gopher.happened() is None
    assert not redis.exists(gopher.keys("default")["events"])
    await gopher.lookout().look()
    await submit(gopher, "two")

    assert told(await gopher.happened() or []) == ["default enqueued two"]


@pytest.mark.parametrize("text", ["", "1", "1-1", "1-1-", "x-1-q", "1-1-ä", "1-1-q\n", "1" * 16 + "-0-q"])
def test_an_id_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        read_event_id(text)


def test_an_id_can_be_read_back() -> None:
    id = EventId(1767225600000, 7, "a-b.c_d")

    assert read_event_id(str(id)) == id


def test_what_was_missed_is_told_to_everybody_who_wants_that_queue() -> None:
    missed = JobEvent(EventId(1, 0, "x"), "missed")

    assert Wanted(states=frozenset({"failed"}), jobs=frozenset({"j"})).has(missed)
    assert not Wanted(queues=frozenset({"y"})).has(missed)


# Who did what


@pytest.fixture
async def ann() -> AsyncIterator[None]:
    before = ACTOR.set("ann@host")
    yield
    ACTOR.reset(before)


async def test_where_nobody_is_known_nothing_is_written_down(gopher: Gopher, redis: Redis) -> None:
    await submit(gopher, "one")
    await gopher.cancel("default", ["one"])

    assert await gopher.audit_log() == []
    assert not redis.exists(fleet_key(gopher.namespace, "audit"))


async def test_every_deed_is_written_down_once(gopher: Gopher, ann: None) -> None:
    await submit(gopher, *(f"j{n}" for n in range(4)))
    await gopher.pause("default")
    await gopher.pause("default", paused=False)
    await gopher.cancel("default", ["j0", "j1", "nobody"])
    await gopher.requeue("default", ["j0"])
    await gopher.purge(Filter(states=("cancelled",), type="mail"))
    await gopher.requeue_all(Filter(states=("failed",)))
    entries = await gopher.audit_log()

    assert {entry.actor for entry in entries} == {"ann@host"}
    assert [(e.action, e.target, e.changed) for e in reversed(entries)] == [
        ("pause", "default", 1), ("resume", "default", 1), ("cancel", "default/j0 and 2 more", 2),
        ("requeue", "default/j0", 1), ("purge", "state:cancelled type:mail", 1),
        ("requeue", "state:failed", 0),
    ]  # fmt: skip


async def test_a_deed_on_many_is_one_deed_and_counts_what_was_done_before_it_broke_off(
    gopher: Gopher, ann: None
) -> None:
    await submit(gopher, *(f"j{n}" for n in range(7)))
    await gopher.cancel("default", [f"j{n}" for n in range(7)])
    seen = 0

    def stop_after_one(changed: int) -> None:
        nonlocal seen
        seen = changed
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await gopher.purge(Filter(states=("cancelled",)), tell=stop_after_one)

    last, first = await gopher.audit_log()
    assert (last.action, last.changed, last.detail) == ("purge", seen, "broken off") and seen > 0
    assert first.action == "cancel"
    assert ACTOR.get() == "ann@host", "whoever acts next is known again"


async def test_what_the_doctor_repairs_is_a_deed(gopher: Gopher, redis: Redis, ann: None) -> None:
    await submit(gopher, "one")
    redis.hset(gopher.keys("default")["progress"], "nobody", "1")
    await gopher.heal(await gopher.diagnose())
    (entry,) = await gopher.audit_log()

    assert (entry.action, entry.changed) == ("repair", 1)


async def test_what_was_refused_is_no_deed(gopher: Gopher, ann: None) -> None:
    await submit(gopher, "one")
    with pytest.raises(Usage):
        await gopher.requeue_all(Filter(states=("completed",)), target="x")

    assert await gopher.audit_log() == []


async def test_what_was_sent_twice_is_told_once(gopher: Gopher, ann: None) -> None:
    await gopher.audit("pause", "x", changed=1)
    (entry,) = await gopher.audit_log()
    for _ in range(2):
        await gopher.store.ask(streams.write_down(gopher.namespace, entry, "nonce"))

    assert [one.action for one in await gopher.audit_log()] == ["pause", "pause"]


async def test_the_audit_is_read_page_by_page(gopher: Gopher, ann: None) -> None:
    for n in range(5):
        await gopher.audit("pause", f"q{n}", changed=1)
    first = await gopher.audit_log(limit=2)
    rest = await gopher.audit_log(limit=10, before=first[-1].id)

    assert [entry.target for entry in [*first, *rest]] == ["q4", "q3", "q2", "q1", "q0"]


async def test_an_audit_that_cannot_be_written_hides_no_result(
    gopher: Gopher, redis: Redis, ann: None, caplog: pytest.LogCaptureFixture
) -> None:
    redis.set(fleet_key(gopher.namespace, "audit"), "theirs")
    await submit(gopher, "one")
    with caplog.at_level(logging.WARNING, "gopher.audit"):
        words = await gopher.cancel("default", ["one"])

    assert words == {"one": "cancelled"}
    assert "ann@host: cancel default/one (1 changed)" in caplog.text


async def test_an_entry_that_a_newer_version_wrote_is_shown_as_it_is(gopher: Gopher, redis: Redis) -> None:
    redis.xadd(fleet_key(gopher.namespace, "audit"), {"nonce": '["who",7]'})

    (entry,) = await gopher.audit_log()
    assert entry.target == '["who",7]'


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
    await gopher.lookout().look()
    assert 50_000 < redis.pttl(key) <= streams.KEPT_MS and not redis.exists(f"{key}_new")


async def test_of_two_who_begin_a_stream_at_once_neither_takes_it_from_the_other(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(gopher, "one")
    first, second, key = gopher.lookout(), gopher.lookout(), gopher.keys("default")["events"]
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
