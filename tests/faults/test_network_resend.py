"""A reply that is lost on the way: what was asked is sent again, and has the effect of once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import builders
import laws
import pytest
from driver import Queue
from faults.proxy import Proxy, proxy_before, script
from laws.state import look
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.facts import Operation
from gopher_cli.model.job.job import JobState
from gopher_cli.model.job.outcome import Transition
from gopher_cli.model.schedule.expect import Expect
from gopher_cli.store import calls
from gopher_cli.store.calls import Call, doctor, fleet, outbox
from gopher_cli.store.calls.schedules import Run
from gopher_cli.store.calls.sieve import Reach, Sieve
from gopher_cli.store.connections.lane import Lane
from gopher_cli.store.keyspace import fleet_of
from gopher_cli.store.scripts import load, names
from gopher_cli.store.stores.plain_socket import WireStore
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.stores.threaded import SyncStore
from gopher_cli.store.url import parse_url

pytestmark = [pytest.mark.anyio, pytest.mark.row("N1")]
T = TypeVar("T")
Made = Callable[[Queue], Call[Any]]
DEAD = b'{"attempt":0,"outcome":"failed","error":"what it waits for is gone"}'


def after_submit(queue: Queue) -> Call[Any]:
    jobs = [
        builders.job("one", unique_key="k"),
        builders.job("two", delay=60.0),
        builders.job("three", after=("one",)),
    ]
    return calls.submit(queue.keys, jobs, now=queue.at, batch="b", mark=3)


def running(queue: Queue) -> list[Any]:
    queue.submit(
        builders.job("one", unique_key="k"), builders.job("two"), builders.job("three", after=("one",))
    )
    return queue.reserve("w", count=2, token="w:t", sequence=1)


def after_reserve(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"), builders.job("two"), builders.job("three"))
    return calls.reserve(
        queue.keys, worker="w", token="w:t", sequence=1, quota=(0, 0, 0), count=2,
        lease_ms=builders.lease_time, now=queue.at,
    )  # fmt: skip


def after_settle(queue: Queue) -> Call[Any]:
    one, two = running(queue)
    ended = [
        builders.settlement(one, follow_ups=(("child", b"{}"),)),
        builders.settlement(two, builders.failure()),
    ]
    return calls.settle(queue.keys, "w", ended, now=queue.at)


def after_renew(queue: Queue) -> Call[Any]:
    running(queue)
    queue.later(builders.second)
    return calls.renew(queue.keys, "w", lease_ms=builders.lease_time, now=queue.at)


def after_promote(queue: Queue) -> Call[Any]:
    queue.submit(
        builders.job("one", delay=1.0), builders.job("two", delay=1.0), builders.job("three", delay=60.0)
    )
    queue.later(2 * builders.second)
    return calls.promote(queue.keys, now=queue.at)


def after_reclaim(queue: Queue) -> Call[Any]:
    running(queue)
    queue.later(builders.lease_time + 1)
    over = queue.reclaim().over
    return calls.reclaim(queue.keys, over, max_losses=3, lease_ms=builders.lease_time, now=queue.at)


def after_release(queue: Queue) -> Call[Any]:
    running(queue)
    return calls.release(queue.keys, "w", ["one"], max_losses=3, now=queue.at)


def after_expire(queue: Queue) -> Call[Any]:
    one, two = running(queue)
    queue.settle(builders.settlement(one, retention=1.0), builders.settlement(two, retention=1.0))
    queue.later(builders.minute)
    return calls.expire(queue.keys, now=queue.at)


def after_report(queue: Queue) -> Call[Any]:
    one, two = running(queue)
    said = [calls.Report(one, b"{}", b"17 a line\n"), calls.Report(two, b"", b"17 another\n")]
    return calls.report(queue.keys, said, now=queue.at)


def after_once(queue: Queue) -> Call[Any]:
    one, _ = running(queue)
    return calls.once(queue.keys, one, "charge", b"42", now=queue.at)


def after_cancel(queue: Queue) -> Call[Any]:
    running(queue)
    return calls.cancel(queue.keys, ["one", "three"], retention_ms=builders.hour, now=queue.at)


def after_requeue(queue: Queue) -> Call[Any]:
    one, two = running(queue)
    queue.settle(builders.settlement(one, builders.discard()), builders.settlement(two, builders.discard()))
    return calls.requeue(queue.keys, ["two", "one"], source="failed", now=queue.at)


def after_reschedule(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one", delay=60.0), builders.job("two"))
    return calls.reschedule(queue.keys, ["one", "two"], delay_ms=builders.hour, now=queue.at)


def after_purge(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one", unique_key="k"), builders.job("two"))
    return calls.purge(queue.keys, "ready_normal", ["one"], now=queue.at)


def after_pause(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    return calls.pause(queue.keys, paused=True, now=queue.at)


def after_inspect(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    return calls.inspect(queue.keys, "one", now=queue.at)


def after_depth(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    return calls.depth(queue.keys, now=queue.at)


def after_sample(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    return calls.sample(queue.keys, now=queue.at)


def after_audit(queue: Queue) -> Call[Any]:
    running(queue)
    return doctor.audit(queue.keys, [b"one"], now=queue.at)


def after_repair(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    score, record = queue.score("ready_normal", "one"), queue.redis.hget(queue.keys["meta"], "one")
    queue.redis.zadd(queue.keys["completed"], {"one": 1})
    (seen,) = queue.run(doctor.audit(queue.keys, [b"one"], now=queue.at))
    mending = doctor.Remedy(seen, "ready_normal", str(score), record.decode())
    return doctor.repair(queue.keys, [mending], now=queue.at)


def after_delete_orphans(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    queue.redis.hset(queue.keys["log"], "ghost", "boo")
    return doctor.delete_orphans(queue.keys, [("trace", b"ghost")], act=True, now=queue.at)


def after_recount(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    queue.redis.hset(queue.keys["counters"], "enqueued", 5)
    return doctor.recount(queue.keys, act=True, now=queue.at)


def after_refused_commands(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    return doctor.refused_commands(queue.keys, ["zadd"], now=queue.at)


def after_accept(queue: Queue) -> Call[Any]:
    cargo = [
        outbox.Cargo(f"{id} nonce", builders.job(id), told=told) for id, told in (("one", b""), ("two", DEAD))
    ]
    return outbox.accept(queue.keys, cargo, now=queue.at)


def after_parent_states(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    return outbox.parent_states(queue.keys, ["one", "two"], now=queue.at)


def after_move_out(queue: Queue) -> Call[Any]:
    running(queue)
    queue.submit(builders.job("dead", max_retries=0))
    (lease,) = queue.reserve("w", count=1, token="w:v", sequence=3)
    queue.settle(calls.Settlement(lease, Transition(JobState.FAILED)))
    return calls.move_out(queue.keys, ["dead", "one"], "elsewhere", "nonce", now=queue.at)


def after_move_back(queue: Queue) -> Call[Any]:
    queue.run(after_move_out(queue))
    return calls.move_back(queue.keys, ["dead nonce"], now=queue.at)


def after_requeue_unhandled(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one", type="greet"), builders.job("two", type="mail"))
    apart = Transition(JobState.ENQUEUED, spent=False, unhandled=True)
    queue.settle(*(calls.Settlement(lease, apart) for lease in queue.reserve("w", count=2)))
    return calls.requeue_unhandled(queue.keys, ["greet"], patience_ms=builders.hour, now=queue.at)


def after_beat(queue: Queue) -> Call[Any]:
    return fleet.beat(fleet_of(queue.namespace), "w", b"{}", now=queue.at)


def after_filter_jobs(queue: Queue) -> Call[Any]:
    queue.submit(builders.job("one"))
    reach = Reach("-inf", "+inf", newest=False)
    return calls.filter_jobs(queue.keys, "ready_normal", reach, Sieve(part="one"), now=queue.at)


def after_order(queue: Queue) -> Call[Any]:
    queue.run(after_beat(queue))
    return fleet.order(fleet_of(queue.namespace), "w", "quiet", now=queue.at)


def after_remove_queue(queue: Queue) -> Call[Any]:
    return calls.remove_queue(queue.keys, now=queue.at)


def after_schedule(queue: Queue) -> Call[Any]:
    given = {"definition": b"{}", "next": str(queue.now + builders.minute), "last": queue.at}
    return calls.schedule(queue.keys, "s", "count", now=queue.at, **given)


def after_tick(queue: Queue) -> Call[Any]:
    queue.run(after_schedule(queue))
    revision, due = queue.at, queue.now + builders.minute
    queue.later(builders.minute)
    runs = [Run(due, "s:1", "5;;;;;;", b'["mail",{}]')]
    return calls.tick(
        queue.keys,
        "s",
        revision=revision,
        expected=str(due),
        next=str(due + builders.hour),
        last=due,
        runs=runs,
        now=queue.at,
    )


def after_run_schedule(queue: Queue) -> Call[Any]:
    queue.run(after_schedule(queue))
    work = {"id": "s:now", "head": "5;;;;;;", "spec": b'["mail",{}]'}
    return calls.run_schedule(queue.keys, "s", revision=queue.at, overlap="skip", now=queue.at, **work)


def after_expect(queue: Queue) -> Call[Any]:
    return calls.expect(queue.keys, Expect(queue="default", name="n", type="mail", every=60.0), now=queue.at)


def after_drop_expect(queue: Queue) -> Call[Any]:
    queue.expect("n")
    return calls.drop_expect(queue.keys, "n", now=queue.at)


def after_expects(queue: Queue) -> Call[Any]:
    queue.expect("n")
    return calls.expects(queue.keys, now=queue.at)


def after_append_audit(queue: Queue) -> Call[Any]:
    done = Operation("pause", "default")
    return fleet.append_audit(fleet_of(queue.namespace), "ann", done, "nonce", now=queue.at)


MADE: dict[str, Made] = {
    name.removeprefix("after_"): made for name, made in list(globals().items()) if name.startswith("after_")
}
# The others tell what is news to Redis: "again" is an answer too.
SAY_THE_SAME = (
    "audit", "beat", "depth", "parent_states", "expects", "inspect", "once", "order", "remove_queue", "renew",
    "report", "reserve", "refused_commands", "filter_jobs",
)  # fmt: skip


def test_every_script_is_here() -> None:
    assert set(MADE) == set(names())


@pytest.fixture
def line(redis_url: str, redis: Redis) -> Iterator[Proxy]:
    for name in MADE:
        redis.script_load(load(name).source)
    with proxy_before(redis_url) as proxy:
        yield proxy


async def by_threads(proxy: Proxy, call: Call[T]) -> T:
    store = SyncStore(parse_url(proxy.url), timeout=60.0)
    try:
        return store.run(call)
    finally:
        store.close()


async def by_asyncio(proxy: Proxy, call: Call[T]) -> T:
    store = RedisStore(parse_url(proxy.url), timeout=60.0)
    try:
        return await store.run(call)
    finally:
        await store.close()


async def by_a_plain_socket(proxy: Proxy, call: Call[T]) -> T:
    store = WireStore(parse_url(proxy.url), timeout=60.0)
    try:
        return await store.run(call)
    finally:
        await store.close()


@pytest.mark.parametrize("send", [by_asyncio, by_threads, by_a_plain_socket])
@pytest.mark.parametrize("fault", ["lose", "double"])
@pytest.mark.parametrize("name", MADE)
async def test_a_script_whose_answer_is_lost_has_the_effect_of_one(
    line: Proxy, redis: Redis, namespace: str, name: str, fault: str, send: Callable[..., Any]
) -> None:
    once, twice = Queue(redis, f"{namespace}-1"), Queue(redis, f"{namespace}-2")
    expected = once.run(MADE[name](once))
    call = MADE[name](twice)

    getattr(line, fault)(script(name))
    answer = await send(line, call)

    assert line.times(script(name)) == (2 if fault == "lose" else 1)
    assert line.lost == (fault == "lose")
    assert look(redis, twice.namespace) == look(redis, once.namespace)
    if fault == "double" or name in SAY_THE_SAME:
        assert answer == expected
    laws.check(redis, twice.namespace)
    once.forget()
    twice.forget()


class Cut:
    """A connection that was cut a moment ago, as uvloop tells of it."""

    is_connected = True

    async def send_packed_command(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    async def disconnect(self, **_: Any) -> None:
        return

    _writer = None


async def test_a_connection_that_has_just_been_cut_is_no_surprise_on_any_loop() -> None:
    with pytest.raises(ConnectionError, match="the handler is closed"):
        await Lane(Cut, 1.0).talk([("PING",)])


@pytest.mark.row("N4")
@pytest.mark.parametrize("make", [RedisStore, WireStore, SyncStore])
async def test_a_large_message_may_take_longer_than_the_time_out_while_it_moves(
    line: Proxy, gopher: Gopher, make: Callable[..., Any]
) -> None:
    store = make(parse_url(line.url), timeout=3.0)
    line.rate = 250_000
    began = time.monotonic()
    said = store.run(calls.submit(gopher.keys("default"), [builders.job("large", payload="x" * 800_000)]))
    if make is not SyncStore:
        await said
    spent = time.monotonic() - began
    line.rate = 0
    if make is SyncStore:
        store.close()
    else:
        await store.close()

    assert spent > 3.0
    assert (await gopher.depth("default")).sizes["ready_normal"] == 1
