"""While anything of gopher runs, queues have a past: how they stood is noted each minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from worker.processes import Worker, until

pytestmark = pytest.mark.anyio


async def test_a_worker_notes_how_its_queues_stand(
    worker: Callable[..., Worker], gopher: Gopher, redis: Redis
) -> None:
    await gopher.submit("quick", delay=3600)
    worker()

    await until(lambda: redis.hlen(gopher.keys("default")["samples"]))

    told = await gopher.history(5)
    assert told.depth["scheduled"][-2:] in ([None, 1], [1, 1], [1, None])


async def test_a_server_notes_how_all_queues_stand_and_a_broken_one_hides_no_other(
    gopher: Gopher, redis: Redis
) -> None:
    from gopher_cli.web.services.background import note_queues

    for queue in ("a", "b", "c"):
        await gopher.submit("quick", queue=queue)
    broken = gopher.keys("b")["samples"]
    redis.set(broken, "theirs")
    noting = asyncio.create_task(note_queues(gopher))
    try:
        await until(lambda: redis.hlen(gopher.keys("c")["samples"]))
        assert redis.hlen(gopher.keys("a")["samples"]) == 1
    finally:
        noting.cancel()
        redis.delete(broken)
