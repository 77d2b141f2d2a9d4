"""A server of its own that dies, comes back, or stands still under a working worker."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from awake_clock import awake, clock
from redis import Redis
from servers import Server, own_server

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url
from worker.conftest import SHORT
from worker.processes import FENCED, PATIENCE, STANDSTILL, Worker, ends, lines, until

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]


@pytest.fixture
def server() -> Iterator[Server]:
    # Each command is in its log before it is answered: else a kill could cost what was accepted.
    with own_server("", "--appendfsync", "no") as one:
        yield one


@pytest.fixture
def there(server: Server, namespace: str, worker: Start) -> Gopher:
    return Gopher(store=RedisStore(parse_url(server.url), timeout=PATIENCE), namespace=namespace)


async def test_a_server_that_restarts_costs_no_job_and_five_seconds_at_most(
    server: Server, there: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker("-c", "4", env={"REDIS_URL": server.url, "GOPHER_LEASE": "30m", "GOPHER_HEARTBEAT": "10m"})
    held = [await there.submit("hold", {"file": str(tmp_path / "f")}) for _ in range(2)]
    await until(lambda: len(lines(tmp_path / "f")) == 2)
    waiting = [await there.submit("fail" if n % 10 == 0 else "echo", n) for n in range(200)]

    server.kill()
    (tmp_path / "f.go").touch()  # these end while nobody can be told
    one.heard("cannot reach Redis")
    server.start()
    started = clock()
    for id in held:
        assert (await ends(there, id)).attempts == 1
    assert awake(started) < 5 + STANDSTILL

    for n, id in enumerate(waiting):
        await ends(there, id, "failed" if n % 10 == 0 else "completed")
    one.heard("Redis is back")
    assert len([line for line in one.said if "cannot reach" in line]) <= 3
    assert sorted(lines(tmp_path / "f")) == sorted(held), "a held job has run twice"
    one.signal(signal.SIGTERM)
    assert one.ended() == 0
    await there.close()


@pytest.mark.parametrize("type", ["hold", "hold-isolated"])
async def test_a_worker_fences_itself_before_its_leases_end(
    server: Server, there: Gopher, worker: Start, tmp_path: Path, type: str
) -> None:
    one = worker(env={"REDIS_URL": server.url, **SHORT})
    id = await there.submit(type, {"file": str(tmp_path / "f")})
    await until(lambda: lines(tmp_path / "f"))

    server.process.send_signal(signal.SIGSTOP)
    one.heard(*FENCED)
    server.process.send_signal(signal.SIGCONT)
    await until(lambda: len([line for line in lines(tmp_path / "f") if line == id]) >= 2)
    (tmp_path / "f.go").touch()

    detail = await ends(there, id)  # its second run: the first was stopped, and settled nothing
    assert (detail.attempts, detail.result) == (1, "held")
    one.signal(signal.SIGTERM)
    assert one.ended() == 0
    await there.close()


async def test_a_handler_that_cannot_be_stopped_dies_with_its_process_when_the_lease_ends(
    server: Server, there: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker(env={"REDIS_URL": server.url, **SHORT})
    await there.submit("stubborn", {"file": str(tmp_path / "f")})
    await until(lambda: lines(tmp_path / "f.began"))
    (runner,) = one.runners()

    server.process.send_signal(signal.SIGSTOP)
    one.heard("its leases have ended")
    server.process.send_signal(signal.SIGCONT)

    await until(lambda: one.runners() and runner not in one.runners())
    await there.close()


async def test_sigterm_while_the_server_is_away_ends_the_worker(
    server: Server, there: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker("--grace", "1s", env={"REDIS_URL": server.url})
    await there.submit("hold", {"file": str(tmp_path / "f")})
    await until(lambda: lines(tmp_path / "f"))

    server.kill()
    one.heard("cannot reach Redis")
    one.signal(signal.SIGTERM)

    assert one.ended() == 0
    await there.close()


async def test_a_foreign_key_in_one_queue_leaves_the_others_served(
    server: Server, there: Gopher, worker: Start
) -> None:
    with Redis.from_url(server.url) as redis:
        await there.submit("echo", 1, queue="bad")
        keys = there.keys("bad")
        redis.rename(keys["ready_normal"], "aside")
        redis.set(keys["ready_normal"], "what is this")
        one = worker("-Q", "bad,good", env={"REDIS_URL": server.url})
        one.heard("this queue cannot be served")

        await ends(there, await there.submit("echo", 2, queue="good"), queue="good")

        redis.delete(keys["ready_normal"])
        redis.rename("aside", keys["ready_normal"])
        await until(lambda: _completed(there, "bad"))
    await there.close()


async def test_an_outcome_that_is_refused_is_sent_again(
    server: Server, there: Gopher, worker: Start, tmp_path: Path
) -> None:
    with Redis.from_url(server.url) as redis:
        one = worker(env={"REDIS_URL": server.url})
        bad = await there.submit("hold", {"file": str(tmp_path / "f")})
        await until(lambda: lines(tmp_path / "f"))
        redis.set(there.keys("default")["completed"], "what is this")
        (tmp_path / "f.go").touch()
        one.heard("an outcome is refused")

        redis.delete(there.keys("default")["completed"])

        await ends(there, bad)
    await there.close()


async def _completed(there: Gopher, queue: str) -> bool:
    try:
        return (await there.depth(queue)).sizes["completed"] == 1
    except GopherError:
        return False
