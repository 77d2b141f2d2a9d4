"""A job of a type that a worker does not know is left for one that does, and given up only after a while."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import builders
import pytest
from redis import Redis
from worker.processes import Worker, ends, until

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.make import make_job

pytestmark = [pytest.mark.anyio, pytest.mark.row("W21")]

OLDER, NEWER = ("--app", "worker.apps:app"), ("--app", "skew.later:app")


async def seen(gopher: Gopher, id: str, times: int = 1) -> Any:
    """Everything about it, once workers that do not know it have looked."""

    async def looked() -> Any:
        found = await gopher.inspect("default", id)
        told = [one.outcome for one in found.history].count("unknown type")
        return found if found.state == "enqueued" and told >= times else None

    return await until(looked)


def age(redis: Redis, gopher: Gopher, id: str, ms: int) -> None:
    """All that is told of a job happened so much earlier, and it has stood apart for so much longer."""
    keys = gopher.keys("default")
    history = redis.hget(keys["errors"], id).decode()
    redis.hset(keys["errors"], id, re.sub(r"(?m)^\d+", lambda stamp: str(int(stamp[0]) - ms), history))
    redis.zincrby(keys["unhandled"], -ms, id)


async def test_it_is_left_for_a_worker_that_knows_it_and_spends_no_attempt(
    gopher: Gopher, worker: Callable[..., Worker]
) -> None:
    id = await gopher.submit("greet", "Ann")
    worker(*OLDER)
    found = await seen(gopher, id)
    assert found.attempts == 0
    assert found.history[-1].error.startswith("this worker has no handler for greet")

    worker(*NEWER)

    done = await ends(gopher, id)
    assert (done.result, done.attempts, done.losses) == ("hello Ann", 1, 0)


async def test_two_workers_of_different_versions_do_all_the_work_between_them(
    gopher: Gopher, worker: Callable[..., Worker]
) -> None:
    env = {"GOPHER_NO_HANDLER_AFTER": "10m"}
    worker(*OLDER, "-c", "2", env=env), worker(*NEWER, "-c", "2", env=env)
    jobs = [make_job("greet" if n % 2 else "echo", n) for n in range(100)]

    await gopher.submit_many(jobs)

    async def done() -> bool:
        return (await gopher.depth("default")).sizes["completed"] == len(jobs)

    await until(done)
    assert (await gopher.depth("default")).counters.get("failed", 0) == 0
    for job in jobs[1:20:2]:
        assert (await gopher.inspect("default", job.id)).attempts == 1


async def test_the_wait_is_the_jobs_own_however_many_workers_have_looked_and_died(
    gopher: Gopher, worker: Callable[..., Worker], redis: Redis
) -> None:
    id = await gopher.submit("greet", "Ann")
    first = worker(*OLDER)
    await seen(gopher, id)
    await gopher.pause("default")
    await until(lambda: _is_free(gopher, id))  # it might have been looked at again just now
    first.kill()
    age(redis, gopher, id, 3_600_000)
    await gopher.pause("default", paused=False)

    worker(*OLDER)

    found = await ends(gopher, id, "failed")
    assert [one.outcome for one in found.history] == ["unknown type", "no handler"]
    assert found.history[-1].error == "no worker has a handler for greet"


async def _is_free(gopher: Gopher, id: str) -> bool:
    return (await gopher.inspect("default", id)).state != "processing"


async def test_it_waits_anew_after_an_operator_has_brought_it_back(
    gopher: Gopher, worker: Callable[..., Worker]
) -> None:
    id = await gopher.submit("greet", "Ann")
    impatient = worker(*OLDER, env={"GOPHER_NO_HANDLER_AFTER": "500ms"})
    await ends(gopher, id, "failed")
    impatient.kill()

    worker(*OLDER)
    assert builders.words(await gopher.retry("default", [id])) == {id: "enqueued"}

    await seen(gopher, id, times=2)
    worker(*NEWER)
    assert (await ends(gopher, id)).result == "hello Ann"


async def test_how_long_it_waits_can_be_set(gopher: Gopher, worker: Callable[..., Worker]) -> None:
    worker(*OLDER, env={"GOPHER_NO_HANDLER_AFTER": "500ms"})
    id = await gopher.submit("greet", "Ann")

    found = await ends(gopher, id, "failed")

    waiting, last = found.history
    assert 500 <= last.at - waiting.at <= 60_000
    assert found.attempts == 1


async def test_nobody_touches_them_while_no_worker_knows_their_type(
    gopher: Gopher, worker: Callable[..., Worker], redis: Redis
) -> None:
    older = worker(*OLDER)
    await gopher.submit_many([make_job("greet", n) for n in range(60)])
    await until(lambda: _stand_apart(gopher, 60))
    keys = gopher.keys("default")
    before = redis.hgetall(keys["meta"])

    await gopher.submit("echo", 1)
    await until(lambda: _is_done(gopher, 1))
    await asyncio.sleep(1.5)  # whoever looked again would look now

    assert redis.hgetall(keys["meta"]).items() >= before.items()
    depth = await gopher.depth("default")
    assert depth.unhandled["greet"][0] == 60
    assert min(depth.oldest.values()) <= min(int(line.split(b";")[6]) for line in before.values())
    assert sum("no handler for this type" in line for line in older.said) == 1


async def test_as_soon_as_a_worker_knows_them_they_run_in_their_old_order_beside_one_that_does_not(
    gopher: Gopher, worker: Callable[..., Worker], redis: Redis
) -> None:
    worker(*OLDER)
    jobs = [make_job("greet", n, priority=p) for n in range(60) for p in (2, 5)]
    await gopher.submit_many(jobs)
    await until(lambda: _stand_apart(gopher, len(jobs)))
    before = (await gopher.depth("default")).counters["released"]

    worker(*NEWER)

    await until(lambda: _is_done(gopher, len(jobs)))
    again = (await gopher.depth("default")).counters["released"] - before
    assert again <= 3 * len(jobs), "they go from where they stand to who can run them"


async def _stand_apart(gopher: Gopher, number: int) -> bool:
    return (await gopher.depth("default")).sizes["unhandled"] == number


async def _is_done(gopher: Gopher, number: int) -> bool:
    return (await gopher.depth("default")).sizes["completed"] == number
