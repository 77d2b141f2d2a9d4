"""The bound on connections: who finds none stands in line, in order, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from awake_clock import awake, clock
from redis import Redis
from servers import own_server
from worker.processes import until

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import TryLater, Unavailable
from gopher_cli.producer import Producer
from gopher_cli.store.asks import ask
from gopher_cli.store.connections.pool import Pool, SyncPool
from gopher_cli.store.stores.plain_socket import WireStore
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.stores.threaded import SyncStore
from gopher_cli.store.url import parse_url

pytestmark = pytest.mark.anyio


class Thing:
    """A connection on paper."""

    open = True

    async def disconnect(self, **_: Any) -> None:
        self.open = False


def connections(redis: Redis) -> int:
    """Those of gopher: of this test alone, since each has a server of its own."""
    return sum(one["name"] == "gopher" for one in redis.client_list())


# For asyncio


async def test_five_hundred_at_once_share_thirty_two_connections(namespace: str) -> None:
    with own_server() as server, Redis.from_url(server.url) as redis:
        async with Gopher(
            store=RedisStore(parse_url(server.url), timeout=60.0), namespace=namespace
        ) as gopher:
            id = await gopher.submit("mail")
            before = redis.info("stats")["total_connections_received"]
            found = await asyncio.gather(*(gopher.inspect("default", id) for _ in range(500)))
            made = redis.info("stats")["total_connections_received"] - before

            assert {job.id for job in found} == {id}
            assert made <= 32


async def test_who_leaves_the_line_leaves_nothing_behind(namespace: str) -> None:
    with own_server() as server, Redis.from_url(server.url) as redis:
        store = RedisStore(parse_url(server.url), timeout=60.0)
        server.stop()
        asking = [asyncio.ensure_future(store.ask(ask.time_ms())) for _ in range(200)]
        await asyncio.sleep(0.1)
        for one in asking[::2]:
            one.cancel()
        await asyncio.sleep(0)
        for one in asking:
            one.cancel()
        said = await asyncio.gather(*asking, return_exceptions=True)
        server.cont()
        assert all(isinstance(one, asyncio.CancelledError) for one in said)

        await asyncio.gather(*(store.ask(ask.time_ms()) for _ in range(200)))
        assert connections(redis) <= 32
        await store.close()


async def test_a_dead_server_lets_all_who_wait_go_at_once(namespace: str) -> None:
    with own_server() as server:
        store = RedisStore(parse_url(server.url), timeout=60.0)
        server.stop()
        asking = [asyncio.ensure_future(store.ask(ask.time_ms())) for _ in range(300)]
        await asyncio.sleep(0.2)
        began = clock()
        server.kill()
        said = await asyncio.gather(*asking, return_exceptions=True)

        assert all(isinstance(one, Unavailable) for one in said)
        assert awake(began) < 30.0
        await store.close()


async def test_a_silent_server_lets_all_who_wait_go_in_about_its_time(namespace: str) -> None:
    with own_server() as server:
        store = RedisStore(parse_url(server.url), timeout=0.5)
        server.stop()
        began = clock()
        said = await asyncio.gather(*(store.ask(ask.time_ms()) for _ in range(1000)), return_exceptions=True)

        assert all(isinstance(one, Unavailable) and "in time" in str(one) for one in said)
        assert awake(began) < 10.0  # in turns they would take 0.5 s times 1000 / 32
        server.cont()

        async def answers() -> int | None:
            with contextlib.suppress(Unavailable):  # it may need longer than that to come to
                return await store.ask(ask.time_ms())
            return None

        assert await until(answers)
        await store.close()


async def test_who_came_first_is_served_first_and_a_free_place_is_passed_on() -> None:
    pool, order = Pool(Thing, 5.0, 1), list[int]()
    held = await pool.take()

    async def stand(n: int) -> None:
        mine = await pool.take()
        order.append(n)
        pool.drop() if n == 1 else pool.give(mine)

    waiting = [asyncio.ensure_future(stand(n)) for n in range(4)]
    await asyncio.sleep(0)
    pool.give(held)
    await asyncio.gather(*waiting)

    assert order == [0, 1, 2, 3]
    await pool.close()
    assert pool._open == 0


async def test_a_turn_that_comes_to_one_who_has_just_left_goes_to_the_next() -> None:
    pool = Pool(Thing, 5.0, 1)
    held = await pool.take()
    first, second = (asyncio.ensure_future(pool.take()) for _ in range(2))
    await asyncio.sleep(0)
    pool.give(held)
    first.cancel()

    assert await second is held
    assert first.cancelled()


async def test_a_free_place_that_comes_to_one_who_has_just_left_goes_to_the_next() -> None:
    pool = Pool(Thing, 5.0, 1)
    await pool.take()
    first, second = (asyncio.ensure_future(pool.take()) for _ in range(2))
    await asyncio.sleep(0)
    pool.drop()
    first.cancel()

    assert isinstance(await asyncio.wait_for(second, 60.0), Thing)


async def test_while_others_get_answers_nobody_in_line_gives_up() -> None:
    pool = Pool(Thing, 0.05, 1)
    held = await pool.take()
    last = asyncio.ensure_future(pool.take())
    for _ in range(10):
        await asyncio.sleep(0.02)
        pool.moves += 1
    assert not last.done()
    pool.give(held)
    assert await last is held

    with pytest.raises(TimeoutError):
        await pool.take()


# For threads


def test_threads_share_thirty_two_connections(namespace: str) -> None:
    with own_server() as server, Redis.from_url(server.url) as redis, ThreadPoolExecutor(100) as threads:
        producer = Producer(store=SyncStore(parse_url(server.url), timeout=60.0), namespace=namespace)
        ids = list(threads.map(lambda _: producer.submit("mail"), range(1000)))

        assert len(set(ids)) == 1000
        assert connections(redis) <= 32
        producer.close()


def test_threads_that_wait_for_a_dead_server_all_hear_of_it(namespace: str) -> None:
    with own_server() as server:
        store = SyncStore(parse_url(server.url), timeout=60.0)
        server.stop()
        with ThreadPoolExecutor(100) as threads:
            asking = [threads.submit(store.ask, ask.time_ms()) for _ in range(100)]
            time.sleep(0.2)
            began = clock()
            server.kill()
            assert all(isinstance(one.exception(), Unavailable) for one in asking)
        assert awake(began) < 30.0


def test_a_thread_in_line_gives_up_when_nothing_moves_and_leaves_its_place() -> None:
    pool = SyncPool(Thing, 0.05, 1)
    held = pool.take()

    with pytest.raises(TimeoutError):
        pool.take()
    pool.give(held)
    assert pool.take() is held


class Late:
    """A lock; just before it is had for the first time, something happens."""

    def __init__(self, happens: Callable[[], None]) -> None:
        self._happens: Callable[[], None] | None = happens

    def __enter__(self) -> None:
        happens, self._happens = self._happens, None
        if happens:
            happens()

    def __exit__(self, *_: object) -> None:
        return


def test_what_comes_back_just_before_one_stands_in_line_is_seen() -> None:
    pool = SyncPool(Thing, 0.05, 1)
    held = pool.take()
    pool._lock = Late(lambda: pool.give(held))

    assert pool.take() is held


def test_no_turn_is_lost_between_a_look_and_a_wait() -> None:
    """Many threads, one place: a lost hand-over would leave all of them in line."""
    pool, done = SyncPool(Thing, 60.0, 2), list[int]()

    def work(n: int) -> None:
        for round in range(300):
            mine = pool.take()
            if (n + round) % 7 == 0:
                pool.drop()
            else:
                pool.give(mine)
        done.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(done) == 8
    assert pool._open == len(pool._idle) <= 2


def test_a_child_has_its_own_line() -> None:
    pool = SyncPool(Thing, 0.05, 1)
    pool.take()
    if not (child := os.fork()):
        os._exit(0 if isinstance(pool.take(), Thing) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# A server that takes no more of them


@pytest.mark.row("R12")
@pytest.mark.parametrize("tcp", [False, True])
async def test_a_server_with_too_many_clients_is_told_of_in_so_many_words(tcp: bool) -> None:
    """It hangs up after a word, often before it was asked. redis-py may miss the word on a unix socket."""
    with own_server(tcp=tcp) as server, Redis.from_url(server.url) as redis:
        redis.config_set("maxclients", 1)
        for _ in range(10):
            with pytest.raises(TryLater, match=r"as many clients as it may have \(maxclients\)"):
                await WireStore(parse_url(server.url), timeout=60.0).ask(ask.time_ms())
            with pytest.raises((TryLater, Unavailable), match=r"clients|closed the connection") as said:
                SyncStore(parse_url(server.url), timeout=60.0).ask(ask.time_ms())
            assert "maxclients" in str(said.value) + str(said.value.hint)
            with pytest.raises((TryLater, Unavailable), match=r"clients|closed the connection") as said:
                await RedisStore(parse_url(server.url), timeout=60.0).ask(ask.time_ms())
            assert "maxclients" in str(said.value) + str(said.value.hint)
