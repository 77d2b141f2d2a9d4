"""A request with an Idempotency-Key, cut off at each round trip of its server, and sent again when all that
it asked for is done and forgotten: it is done once."""

from __future__ import annotations

import httpx2
import pytest
from redis import Redis
from web.conftest import Open, open_api, patient

from crashes import Fault, Unreliable, until_it_ends
from crashes.world import World

__all__ = ["open_api", "patient"]
pytestmark = pytest.mark.anyio
JOBS, BATCH = "/api/v1/jobs", "/api/v1/jobs/batch"
_JOB = {"type": "t", "payload": {"n": 1}, "queue": "here"}
_MOST = 30


async def send(api: httpx2.AsyncClient, path: str, key: str) -> httpx2.Response:
    body = [_JOB, {**_JOB, "queue": "there"}] if path == BATCH else _JOB
    return await api.post(path, json=body, headers={"Idempotency-Key": f'"{key}"'})


@pytest.mark.parametrize("path", [JOBS, BATCH])
@pytest.mark.parametrize("fault", [Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.REFUSED])
async def test_a_request_that_is_sent_again_when_its_job_is_forgotten_is_done_once(
    redis: Redis, redis_url: str, open_api: Open, path: str, fault: Fault
) -> None:
    world = World(redis, redis_url, retention=0.0)
    environ, at, happened = {"GOPHER_NAMESPACE": world.namespace}, 1, True
    try:
        async with open_api(**environ) as other:
            while happened:
                assert at < _MOST
                async with open_api(**environ) as one:
                    happened = await cut_off(world, one, other, path, fault, at)
                at += 1
    finally:
        await world.close()


async def cut_off(
    world: World, one: httpx2.AsyncClient, other: httpx2.AsyncClient, path: str, fault: Fault, at: int
) -> bool:
    """Ask one server, whose process ends at this round trip, and later another."""
    key, before = f"{fault.name}-{at}", world.done.total()
    gopher = one.app.state.services.gopher  # type: ignore[attr-defined]
    sound, gopher.store = gopher.store, Unreliable(world.url, fault, at)
    await until_it_ends(gopher.store, send(one, path, key))
    happened = gopher.store.trips >= at
    await gopher.store.close()
    gopher.store = sound
    await world.work()  # it is done, and nothing is kept of it
    answer = await send(other, path, key)
    assert answer.status_code in (200, 201), answer.text
    await world.work()
    assert world.done.total() - before == (2 if path == BATCH else 1), f"cut off at {at}"
    world.reckon()
    return happened
