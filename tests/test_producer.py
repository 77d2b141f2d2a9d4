"""Submitting from programs: the blocking Producer and the asynchronous Gopher say and do the same."""

from __future__ import annotations

import inspect
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from servers import Server, own_server
from worker.processes import until

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, Denied, NotFound, TryLater, Unavailable, Usage
from gopher_cli.producer import Producer
from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.stores.threaded import SyncStore
from gopher_cli.store.url import parse_url

pytestmark = pytest.mark.anyio


@pytest.fixture
def producer(redis_url: str, namespace: str, gopher: Gopher) -> Iterator[Producer]:
    """In the namespace of ``gopher``."""
    with Producer(store=SyncStore(parse_url(redis_url), timeout=60.0), namespace=namespace) as producer:
        yield producer


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest, producer: Producer, gopher: Gopher) -> Any:
    return producer if request.param == "sync" else gopher


async def done(answer: Any) -> Any:
    """The answer of either."""
    return await answer if inspect.isawaitable(answer) else answer


async def test_a_job_is_submitted_with_all_its_options(client: Any, gopher: Gopher) -> None:
    id = await done(
        client.submit(
            "email", {"to": "ann"}, queue="mail", priority="high", max_retries=1, timeout=7, delay=60,
            backoff="fixed:9s", tags=["t"], headers={"h": "v"}, unique_key="k",
        )
    )  # fmt: skip

    detail = await gopher.inspect("mail", id)
    assert (detail.state, detail.payload, detail.priority) == ("scheduled", {"to": "ann"}, 8)
    assert (detail.max_retries, detail.timeout, detail.backoff) == (1, 7.0, "fixed:9s")
    assert (detail.tags, detail.headers, detail.unique_key) == (["t"], {"h": "v"}, "k")
    assert await gopher.queues() == ["mail"]


async def test_more_than_one_round_trip_takes_keep_their_order_and_their_queues(
    client: Any, producer: Producer, gopher: Gopher
) -> None:
    jobs = [producer.job("x", n, queue="odd" if n % 2 else "even") for n in range(1203)]

    receipts = await done(client.submit_many(jobs))

    assert [receipt.id for receipt in receipts] == [job.id for job in jobs]
    assert all(receipt.accepted for receipt in receipts)
    assert (await gopher.depth("odd")).sizes["ready_normal"] == 601
    assert (await gopher.depth("even")).sizes["ready_normal"] == 602
    batch = await gopher.reserve("odd", worker="w.0", token="w.0:t", sequence=1, count=3)
    assert [lease.id for lease in batch.leases] == [jobs[n].id for n in (1, 3, 5)]


async def test_a_job_is_accepted_once_however_often_it_is_sent(
    client: Any, producer: Producer, gopher: Gopher
) -> None:
    job = producer.job("x")
    (first,) = await done(client.submit_many([job]))
    (second,) = await done(client.submit_many([job]))

    assert (first.accepted, second.accepted) == (True, False)
    assert (await gopher.depth("default")).counters["enqueued"] == 1


async def test_a_unique_key_answers_the_job_that_holds_it(client: Any, producer: Producer) -> None:
    first = await done(client.submit("x", unique_key="only"))

    assert await done(client.submit("x", unique_key="only")) == first
    (receipt,) = await done(client.submit_many([producer.job("x", unique_key="only")]))
    assert (receipt.accepted, receipt.duplicate_of) == (False, first)


async def test_a_batch_leaves_its_mark(client: Any, producer: Producer, gopher: Gopher) -> None:
    jobs = [producer.job("x", n) for n in range(3)]
    await done(client.submit_many(jobs, batch="b", marks=[10, 20, 30]))

    assert await gopher.batch_mark("default", "b") == 30


@pytest.mark.parametrize(
    ("options", "error"),
    [({"type": "a b"}, Usage), ({"payload": object()}, BadData), ({"payload": b"{"}, BadData),
     ({"queue": "a b"}, Usage), ({"priority": 11}, Usage),
     ({"payload": "x" * 1_100_000}, BadData), ({"backoff": "often"}, Usage)],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_before_it_is_sent(
    client: Any, gopher: Gopher, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await done(client.submit(**{"type": "x", **options}))
    assert await gopher.queues() == []


async def test_threads_share_a_producer(producer: Producer, gopher: Gopher) -> None:
    threads = [threading.Thread(target=lambda: [producer.submit("x") for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (await gopher.depth("default")).counters["enqueued"] == 400


async def test_a_foreign_key_is_bad_data_that_names_the_remedy(
    client: Any, gopher: Gopher, redis: Any
) -> None:
    redis.set(gopher.keys("default")["spec"], "foreign")
    with pytest.raises(BadData, match="foreign data under our keys") as caught:
        await done(client.submit("x"))
    assert "GOPHER_NAMESPACE" in caught.value.hint
    redis.delete(gopher.keys("default")["spec"])


async def test_a_server_that_has_forgotten_the_scripts_is_told_again(client: Any, redis: Any) -> None:
    await done(client.submit("x"))
    redis.script_flush()

    assert await done(client.submit("x"))


async def test_what_is_not_there_is_not_found(gopher: Gopher) -> None:
    with pytest.raises(NotFound):
        await gopher.inspect("default", "nobody")


# A server of its own


@pytest.fixture
def server() -> Iterator[Server]:
    # What was answered is there after a kill.
    with own_server("", "--appendfsync", "always") as one:
        yield one


Clients = [
    pytest.param(
        lambda url, timeout=60.0: Producer(store=SyncStore(parse_url(url), timeout=timeout)), id="sync"
    ),
    pytest.param(
        lambda url, timeout=60.0: Gopher(store=RedisStore(parse_url(url), timeout=timeout)), id="async"
    ),
]
Make = Callable[..., Any]


@pytest.mark.parametrize("make", Clients)
async def test_after_a_restart_the_next_submit_just_works(server: Server, make: Make) -> None:
    client = make(server.url)
    first = await done(client.submit("x"))
    server.kill()
    with pytest.raises(Unavailable, match="cannot reach Redis"):
        await done(client.submit("x"))
    server.start()

    second = await done(client.submit("x"))

    async with Gopher(server.url) as gopher:
        assert [(await gopher.inspect("default", id)).state for id in (first, second)] == ["enqueued"] * 2
    await done(client.close())


@pytest.mark.parametrize("make", Clients)
async def test_a_restart_between_two_submits_is_not_noticed(server: Server, make: Make) -> None:
    client = make(server.url)
    await done(client.submit("x"))
    server.kill()
    server.start()

    assert await done(client.submit("x"))
    await done(client.close())


@pytest.mark.parametrize("make", Clients)
async def test_a_server_that_stands_still_is_unavailable(server: Server, make: Make) -> None:
    client = make(server.url, 1.0)

    async def works() -> Any:
        with suppress(Unavailable):  # a second may be short
            return await done(client.submit("x"))

    await until(works)
    server.process.send_signal(signal.SIGSTOP)
    with pytest.raises(Unavailable, match="did not answer in time"):
        await done(client.submit("x"))
    server.process.send_signal(signal.SIGCONT)

    assert await until(works)
    await done(client.close())


@pytest.mark.parametrize("make", Clients)
async def test_a_wrong_password_is_denied(server: Server, make: Make) -> None:
    with Redis.from_url(server.url) as redis:
        redis.config_set("requirepass", "right")
    client = make(f"unix://:wrong@{server.home}/s")
    with pytest.raises(Denied) as caught:
        await done(client.submit("x"))
    assert "wrong" not in str(caught.value)
    await done(client.close())


@pytest.mark.parametrize("make", Clients)
async def test_nobody_there_is_unavailable_with_a_next_step(make: Make, tmp_path: Path) -> None:
    client = make(f"unix://{tmp_path}/nobody")
    with pytest.raises(Unavailable, match="no socket there") as caught:
        await done(client.submit("x"))
    assert caught.value.hint
    await done(client.close())


async def test_without_a_url_the_environment_says_where(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", server.url)
    monkeypatch.setenv("GOPHER_NAMESPACE", "mine")
    monkeypatch.setenv("QUEUE_NAME", "letters")
    with Producer() as producer:
        id = producer.submit("x")
    async with Gopher() as gopher:
        assert (await gopher.inspect("letters", id)).queue == "letters"
        assert gopher.namespace == "mine"
    assert os.environ["REDIS_URL"] == server.url


def echo(producer: Producer, word: str) -> bytes:
    """What Redis says to this word; raises when it says nothing that fits."""
    found: bytes = producer.store.ask(Ask([("ECHO", word)], lambda raw: raw[0]))
    return found


def test_a_forked_child_never_takes_its_parents_answers(redis_url: str, namespace: str) -> None:
    producer = Producer(redis_url, namespace=namespace)
    producer.submit("x", id="before")
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        heard = {echo(producer, "child") for _ in range(300)}
        os.write(writer, b"1" if heard == {b"child"} else b"0")
        os._exit(0)

    heard = {echo(producer, "parent") for _ in range(300)}

    os.waitpid(child, 0)
    assert heard == {b"parent"}
    assert os.read(reader, 1) == b"1"


@pytest.mark.anyio
async def test_a_job_that_would_wait_for_one_that_is_not_there_is_refused(producer: Producer) -> None:
    with pytest.raises(NotFound, match="it waits for typo, and queue default has no such job"):
        producer.submit("mail", after=["typo"])


@pytest.mark.anyio
async def test_a_job_under_the_key_of_one_that_is_being_cancelled_is_refused(
    producer: Producer, gopher: Gopher
) -> None:
    id = producer.submit("mail", unique_key="k")
    await gopher.reserve("default", worker="w", token="w:1:a", sequence=1)
    await gopher.cancel("default", [id])

    with pytest.raises(TryLater, match="is being cancelled"):
        producer.submit("mail", unique_key="k")
