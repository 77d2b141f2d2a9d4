"""`gopher serve` when things go wrong: killed before it answers, without Redis, and among rude clients."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from awake_clock import awake, clock
from faults.proxy import Proxy, proxy_before, script
from faults.serving import Serve
from redis import Redis
from worker.processes import until

from gopher_cli.gopher import Gopher
from gopher_cli.store.scripts import load

pytestmark = pytest.mark.anyio
JOBS = "/api/v1/jobs"


@pytest.fixture
def line(redis_url: str, redis: Redis) -> Iterator[Proxy]:
    redis.script_load(load("submit").source)
    with proxy_before(redis_url) as proxy:
        yield proxy


def client(url: str, connections: int = 200) -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=connections)
    return httpx2.AsyncClient(base_url=url, timeout=60.0, limits=limits)


async def stored(gopher: Gopher) -> int:
    return (await gopher.depth("default")).sizes["ready_normal"]


@pytest.mark.row("S1")
async def test_a_server_killed_between_store_and_answer_has_stored_one_job_after_the_second_try(
    serve: Serve, line: Proxy, gopher: Gopher
) -> None:
    victim, job = serve(line.url), {"type": "t", "id": "mine"}
    async with client(victim.url) as http:
        line.hold(script("submit"))
        first = asyncio.ensure_future(http.post(JOBS, json=job))
        await until(line.holding.is_set)
        victim.kill()
        with pytest.raises(httpx2.TransportError):
            await first
    line.flow()

    async with client(serve(line.url).url) as http:
        again = await http.post(JOBS, json=job)
        look = await http.get(f"{JOBS}/mine")

    assert (again.status_code, look.status_code) == (200, 200)
    assert await stored(gopher) == 1


SUBMIT = b'{"type":"t","id":"mine"}'
REQUEST = (
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(SUBMIT), SUBMIT)
)


async def sent(port: int) -> bytes:
    """The first line of the answer to REQUEST; empty when the connection breaks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    try:
        return (await reader.read()).partition(b"\r\n")[0]
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.row("N9")
async def test_a_submit_with_an_id_is_stored_once_though_its_answer_was_lost(
    serve: Serve, gopher: Gopher
) -> None:
    with proxy_before(("127.0.0.1", serve().port), framed=False) as network:
        network.lose(SUBMIT)
        said = [await sent(network.port) for _ in range(2)]

    assert said == [b"", b"HTTP/1.1 200 OK"]
    assert await stored(gopher) == 1


@pytest.mark.row("N9")
async def test_a_submit_with_an_id_that_arrives_twenty_times_at_once_is_stored_once(
    serve: Serve, gopher: Gopher
) -> None:
    port = serve().port

    said = await asyncio.gather(*[sent(port) for _ in range(20)])

    assert sorted(said) == [b"HTTP/1.1 200 OK"] * 19 + [b"HTTP/1.1 201 Created"]
    assert await stored(gopher) == 1


@pytest.mark.row("S2")
@pytest.mark.parametrize("fault", ["stall", "refuse"])
async def test_without_redis_a_hundred_at_once_hear_503_within_two_seconds(
    serve: Serve, line: Proxy, gopher: Gopher, fault: str
) -> None:
    served = serve(line.url, program="gopher_cli", REDIS_TIMEOUT="60s")
    async with client(served.url) as http:
        await until(lambda: accepted(http))
        files, threads = served.files(), served.threads()
        if fault == "stall":
            line.stall(new=True)
        else:
            line.refuse()

        answers = await asyncio.gather(*[timed(ask(http, n)) for n in range(100)])
        during = served.threads()
        line.flow()
        began = time.monotonic()
        await until(lambda: accepted(http))
        back = time.monotonic() - began

    worst = max(seconds for _, seconds in answers)
    print(f"S2 {fault}: 503 after {worst:.2f} s at worst, back after {back:.2f} s; {during} threads")
    assert {answer.status_code for answer, _ in answers} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer, _ in answers)
    assert during <= threads + 40, "a thread for each request"
    await until(lambda: served.files() < files + 110)  # the connections of these clients, and no more
    assert worst < 20  # two seconds, and room for a machine that does other things as well


async def ask(http: httpx2.AsyncClient, n: int) -> Any:
    match n % 3:
        case 0:
            return await http.post(JOBS, json={"type": "t"})
        case 1:
            return await http.get(f"{JOBS}/some-id")
    return await http.get("/health")


async def timed(work: Any) -> tuple[Any, float]:
    began = clock()
    return await work, awake(began)


async def accepted(http: httpx2.AsyncClient) -> bool:
    return (await http.post(JOBS, json={"type": "t"})).status_code == 201


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may have as many files open as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.row("N8")
async def test_three_thousand_idle_connections_keep_nobody_out(
    serve: Serve, gopher: Gopher, many_files: None
) -> None:
    served = serve(files=1024)  # what most systems give to begin with
    idle = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(3000)]
    try:
        async with client(served.url) as http:
            answers = [await timed(http.post(JOBS, json={"type": "t"})) for _ in range(5)]
    finally:
        for _, writer in idle:
            writer.close()

    worst = max(seconds for _, seconds in answers)
    print(f"N8 idle: 5 submits among 3000 idle connections, {worst * 1000:.0f} ms at worst")
    assert [answer.status_code for answer, _ in answers] == [201] * 5
    assert await stored(gopher) == 5


GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = {
    "nothing": b"",
    "half a line": b"POST /api/v1/jo",
    "half of the headers": b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    "a second request": GET + b"GET /hea",
}


@pytest.mark.row("N8")
async def test_requests_that_never_end_are_hung_up_on(serve: Serve) -> None:
    served = serve(SERVER_READ_TIMEOUT="1s")

    took = await asyncio.gather(*[hung_up(served.port, words) for words in HALF.values()])

    print("N8 half:", ", ".join(f"{name} {seconds:.2f} s" for name, seconds in zip(HALF, took, strict=True)))


async def hung_up(port: int, words: bytes) -> float:
    """How long a connection stands on which nothing but this is said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(words)
    async with asyncio.timeout(60):
        await reader.read()
    writer.close()
    return time.monotonic() - began
