"""Events over HTTP: whoever watches hears of everything, in time, and of nothing twice without a reason."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import builders
import httpx2
import pytest
from faults.proxy import Proxy, proxy_before
from redis import Redis
from worker.processes import PATIENCE, until

from gopher_cli.gopher import Gopher
from gopher_cli.store.keyspace import keys_of
from gopher_cli.web.api.support import event_stream
from gopher_cli.web.auth import authenticate, token_buckets
from gopher_cli.web.services import event_feed
from web.answering import hurry
from web.keyring import STATS, Clock, session_of
from web.listening import Stream
from web.pages import look, send

pytestmark = pytest.mark.anyio
EVENTS = "/api/v1/events"
Watch = Callable[..., Any]


@pytest.fixture
async def watch(api: httpx2.AsyncClient) -> AsyncIterator[Watch]:
    """``await watch("?state=failed")`` listens until the test is over."""
    began: list[Stream] = []

    async def start(query: str = "", *, wait: bool = True, **more: Any) -> Stream:
        began.append(Stream(api.app, EVENTS + query, **more))  # type: ignore[attr-defined]
        return await began[-1].watching() if wait else began[-1]

    yield start
    for one in began:
        await one.hang_up()


async def run_one(gopher: Gopher, queue: str = "default", came_to: Any = None) -> None:
    n = next(builders._numbers)
    batch = await gopher.reserve(queue, worker="w.0", token=f"w.0:{n}", sequence=n, count=1)
    await gopher.settle("w.0", [builders.settlement(batch.leases[0], came_to or builders.success())])


async def test_a_job_is_told_from_its_submit_to_its_end(watch: Watch, gopher: Gopher) -> None:
    stream = await watch()
    id = await gopher.submit("mail", {})
    await stream.heard("enqueued")  # the queue is new: what comes from now on, comes in order
    await run_one(gopher)
    await stream.heard("completed")

    assert [one["status"] for one in stream.events()] == ["enqueued", "processing", "completed"]
    assert {one["job_id"] for one in stream.events()} == {id}
    assert {(one["type"], one["queue"]) for one in stream.events()} == {("mail", "default")}
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.headers["cache-control"] == "no-store" and stream.headers["x-accel-buffering"] == "no"
    assert "content-length" not in stream.headers and "retry: 2000" in stream.said


async def test_a_paused_queue_is_told(watch: Watch, gopher: Gopher) -> None:
    await gopher.submit("mail", {})
    stream = await watch()
    await gopher.pause("default")
    await gopher.pause("default", paused=False)
    await stream.heard("resumed")

    assert [(one["queue"], one["status"]) for one in stream.events("queue")] == [
        ("default", "paused"), ("default", "resumed"),
    ]  # fmt: skip


async def test_what_happens_to_a_schedule_is_told_by_its_name(watch: Watch, gopher: Gopher) -> None:
    await gopher.set_schedule("s", "mail", every=3600)
    stream, others = await watch("?state=schedule_paused"), await watch("?type=mail")
    await gopher.pause_schedule("s")
    await gopher.resume_schedule("s")
    await gopher.submit("mail")
    await stream.heard("schedule_paused")
    await others.heard("enqueued")

    (event,) = stream.events("schedule")
    assert (event["schedule"], event["queue"], event["status"]) == ("s", "default", "schedule_paused")
    assert others.events("schedule") == []


async def test_one_watches_a_queue_a_job_a_state_or_a_type(watch: Watch, gopher: Gopher) -> None:
    for queue in ("x", "y"):
        await gopher.submit("first", {}, queue=queue)
    chosen = await gopher.submit("mail", {}, queue="x", id="chosen", delay=60)
    queries = ["?queue=x", f"?job={chosen}", "?state=cancelled,paused", "?type=mail&state=enqueued", ""]
    by_queue, by_job, by_state, by_type, all_of_it = [await watch(query) for query in queries]
    await gopher.cancel("x", [chosen])
    await gopher.submit_many(
        [builders.job("mail", queue="y", type="mail"), builders.job("note", queue="y", type="note")]
    )
    await gopher.submit("last", {}, queue="x", id="last")

    def heard(stream: Stream) -> list[str]:
        return [f"{one['job_id']} {one['status']}" for one in stream.events()]

    for stream, words in (  # each of them hears it in its own time
        (all_of_it, ("note", "last")), (by_queue, ("last",)), (by_type, ("mail enqueued",)),
        (by_job, ("chosen cancelled",)), (by_state, ("chosen cancelled",)),
    ):  # fmt: skip
        for word in words:
            await until(lambda stream=stream, word=word: word in " ".join(heard(stream)))

    assert set(heard(all_of_it)) == {*heard(by_queue), "mail enqueued", "note enqueued"}
    assert heard(by_queue) == ["chosen cancelled", "last enqueued"]
    assert heard(by_job) == heard(by_state) == ["chosen cancelled"]
    assert heard(by_type) == ["mail enqueued"]


async def test_who_comes_back_hears_what_happened_meanwhile(watch: Watch, gopher: Gopher) -> None:
    for queue in ("x", "y"):
        await gopher.submit("mail", {}, queue=queue)
    first = await watch()
    await gopher.submit_many([builders.job(f"j{n}", queue="x") for n in range(3)])
    await first.heard("j2")
    await first.hang_up()
    await gopher.submit("mail", {}, id="meanwhile", queue="x")
    await gopher.submit("mail", {}, id="elsewhere", queue="y")
    await gopher.submit("mail", {}, id="new", queue="z")
    second = await watch(last_event_id=first.last_id)
    third = await watch(f"?last_event_id={first.last_id}")

    for stream in (second, third):
        await stream.heard("elsewhere")
        # Of the queue that is new nobody has told: whoever shows it should look.
        assert [(one["queue"], one["status"]) for one in stream.events("queue")] == [("z", "missed")]
    told = [one["job_id"] for one in second.events()]
    assert told.count("meanwhile") == 1 and not {"j0", "j1", "j2"} & set(told)


async def test_only_the_last_job_of_an_event_carries_its_id(watch: Watch, gopher: Gopher) -> None:
    """Whoever is cut off in between hears all of them again."""
    await gopher.submit("mail", {})
    stream = await watch()
    await gopher.submit_many([builders.job(f"j{n}") for n in range(3)])
    await stream.heard("j2")

    assert ["id" in one for one in stream.frames() if one.get("event") == "job"] == [False, False, True]


async def test_who_comes_back_too_late_is_told_that_something_was_missed(
    watch: Watch, gopher: Gopher, redis: Redis, namespace: str
) -> None:
    await gopher.submit("mail", {})
    first = await watch()
    await gopher.submit("mail", {})
    await first.heard("enqueued")
    await first.hang_up()
    redis.delete(keys_of(namespace, "default")["events"])  # its minute is over
    second = await watch("?state=failed", last_event_id=first.last_id)

    assert [one["status"] for one in second.events("queue")] == ["missed"]


@pytest.mark.parametrize("id", ["rubbish", "1-1", "1-1-", "-1-0-x", "1-0-q{}", "9" * 30 + "-0-x"])
async def test_an_id_that_is_none_is_refused(api: httpx2.AsyncClient, id: str) -> None:
    for answer in (
        await api.get(EVENTS, headers={"Last-Event-ID": id}),
        await api.get(EVENTS, params={"last_event_id": id}),
    ):
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_word_that_is_no_state_is_refused(api: httpx2.AsyncClient) -> None:
    answer = await api.get(EVENTS, params={"state": "finished"})

    assert answer.status_code == 422 and "finished" in answer.json()["detail"]


async def test_no_more_clients_than_allowed_watch(open_api: Any) -> None:
    async with open_api(SERVER_EVENT_CLIENTS="1") as api:
        first = await Stream(api.app, EVENTS).watching()
        refused = await api.get(EVENTS)
        await first.hang_up()
        second = await Stream(api.app, EVENTS).watching()
        await second.hang_up()

    assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0


async def test_a_slow_reader_is_cut_and_told(
    watch: Watch, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "_ROOM", 3)
    await gopher.submit("mail", {})
    slow, quick = await watch(wait=False, deaf=True), await watch()
    for n in range(6):
        await gopher.submit("mail", {}, id=f"j{n}")
        await quick.heard(f"j{n}")
    slow.hears.set()

    assert "too slow" in await slow.over()
    assert not quick.ended


async def test_a_stream_outlives_the_write_timeout_and_shows_that_it_lives(
    open_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PING", 0.1)
    async with open_api() as api:
        stream = await Stream(api.app, EVENTS).watching()
        hurry(api, 0.2)
        await until(lambda: stream.said.count("still here") > 4)
        await stream.hang_up()

    assert "504" not in stream.said


async def test_a_server_that_stops_ends_its_streams(open_api: Any) -> None:
    async with open_api() as api:
        stream = await Stream(api.app, EVENTS).watching()
        api.app.state.services.event_feed.close()

        assert "this server stops" in await stream.over()
        assert (await api.get(EVENTS)).status_code == 503


async def test_when_nobody_watches_any_more_the_server_stops_looking(
    api: httpx2.AsyncClient, watch: Watch
) -> None:
    stream = await watch()
    await stream.hang_up()

    assert api.app.state.services.event_feed._looking is None  # type: ignore[attr-defined]


async def test_a_stream_stays_open_while_redis_is_away(
    open_api: Any, redis_url: str, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "_AGAIN", 0.05)
    proxy: Proxy
    with proxy_before(redis_url) as proxy:
        async with open_api(REDIS_URL=proxy.url) as api:
            await gopher.submit("mail", {})
            stream = await Stream(api.app, EVENTS).watching()
            proxy.refuse()
            await stream.heard('{"status":"away"}')
            await gopher.submit("mail", {}, id="meanwhile")
            proxy.flow()
            await stream.heard('{"status":"back"}')
            await stream.heard("meanwhile")
            await stream.hang_up()

    assert [one["status"] for one in stream.events("redis")] == ["away", "back"]


@pytest.mark.parametrize("turns", range(6))
async def test_who_hangs_up_just_when_something_happens_is_gone(
    api: httpx2.AsyncClient, gopher: Gopher, turns: int
) -> None:
    stream = await Stream(api.app, EVENTS).watching()  # type: ignore[attr-defined]
    (client,) = api.app.state.services.event_feed._clients  # type: ignore[attr-defined]
    gone = asyncio.ensure_future(stream.hang_up())
    for _ in range(turns):
        await asyncio.sleep(0)
    client.hear("away")

    await asyncio.wait_for(gone, PATIENCE)


async def test_a_stream_ends_when_its_key_is_revoked(open_api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the next ping, and also where somebody tries too many wrong keys from the same address."""
    still = time.monotonic()  # one wrong key a second would be heard out
    monkeypatch.setattr(token_buckets.Buckets.__init__, "__defaults__", (lambda: still,))
    async with open_api(API_KEY="of-the-environment") as api:
        refused = await api.get(EVENTS)
        key = await api.app.state.services.gopher.create_key("watcher", scopes=["read"])
        stream = await Stream(api.app, EVENTS, x_api_key=key.secret).watching()
        guessed = [await api.get(EVENTS, headers={"X-API-KEY": str(n)}) for n in range(12)]
        await api.app.state.services.gopher.revoke_key(key.info.id)
        await stream.over()

    assert refused.status_code == 401 and guessed[-1].status_code == 429
    assert "opens nothing any more" in stream.said and "still here" not in stream.said


async def test_a_log_that_is_followed_ends_when_its_key_is_revoked(open_api: Any) -> None:
    async with open_api() as api:
        gopher = api.app.state.services.gopher
        key = await gopher.create_key("watcher", scopes=["read"])
        id = await gopher.submit("t")
        stream = Stream(api.app, f"/api/v1/jobs/{id}/log?follow", x_api_key=key.secret)
        await until(lambda: stream.status)
        await gopher.revoke_key(key.info.id)
        await stream.over()

    assert stream.status == 200 and "opens nothing any more" in stream.said


async def test_a_stream_ends_when_its_key_expires(open_api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    async with open_api() as api:
        key = await api.app.state.services.gopher.create_key("watcher", scopes=["read"], lasts=60.0)
        stream = await Stream(api.app, EVENTS, x_api_key=key.secret).watching()
        monkeypatch.setattr(authenticate, "time", clock.module())
        clock.ahead += 61
        await stream.over()

    assert "opens nothing any more" in stream.said and "still here" not in stream.said


async def test_a_stream_ends_when_its_session_is_signed_out(open_api: Any) -> None:
    async with open_api(API_KEY="of-the-environment") as api:
        cookie = session_of(await send(api, "/login", key="of-the-environment"))
        mine = await Stream(api.app, EVENTS, **cookie).watching()
        other = await Stream(api.app, EVENTS, x_api_key="of-the-environment").watching()
        token = (await look(api, "/", **cookie)).fields("/logout")["csrf_token"]
        await send(api, "/logout", cookie, csrf_token=token)
        await mine.over()
        assert not other.ended
        await other.hang_up()

    assert "opens nothing any more" in mine.said and "still here" not in mine.said


async def test_who_watches_spends_nothing_of_its_rate(open_api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LOOK", 0.01)
    looks, sender_of = [], authenticate.Authenticator.sender_of

    async def noted(self: authenticate.Authenticator, request: Any) -> Any:
        looks.append(request)
        return await sender_of(self, request)

    monkeypatch.setattr(authenticate.Authenticator, "sender_of", noted)
    async with open_api(API_KEY="of-the-environment", API_RATE="3/h") as api:
        stream = await Stream(api.app, EVENTS, x_api_key="of-the-environment").watching()
        await until(lambda: len(looks) > 10)
        said = [await api.get(STATS, headers={"X-API-KEY": "of-the-environment"}) for _ in range(3)]
        await stream.hang_up()

    assert [answer.status_code for answer in said] == [200, 200, 429]
