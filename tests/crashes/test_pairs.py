"""Two at a time: whatever one does between two steps of another, each job stays in one place of one queue."""

from __future__ import annotations

import asyncio
from itertools import combinations_with_replacement

import pytest
from redis import Redis

from crashes import Fault
from crashes.mixed import ACTS, DROPS, a_bit_of_everything
from crashes.world import HERE, THERE, World

pytestmark = pytest.mark.anyio
FEW, MANY = 2, 120
_MOST = 200


async def end_well(world: World, *names: str) -> None:
    world.check()
    if set(names) & set(DROPS):
        world.dropped |= world.accepted
    for queue in (HERE, THERE):
        if queue in await world.gopher.queues():
            await world.gopher.pause(queue, paused=False)
    await world.repair()
    world.reckon()


async def interleaved(redis: Redis, url: str, one: str, other: str, at: int) -> bool:
    """The other, whole, before round trip ``at`` of the one; whether it has so many."""
    world = World(redis, url)
    try:
        await a_bit_of_everything(world, FEW)
        first, second = world.someone(Fault.MEANWHILE, at), world.someone()

        async def meanwhile() -> None:
            world.check()
            await ACTS[other](world, second)
            world.check()

        first.store.meanwhile = meanwhile
        await ACTS[one](world, first)
        happened = first.store.trips >= at
        await asyncio.gather(first.close(), second.close())
        await end_well(world, one, other)
    finally:
        await world.close()
    return happened


ACTORS = [name for name in ACTS if name not in ("work", "kill")]


@pytest.mark.parametrize("one", ACTORS)
async def test_what_another_does_between_two_steps_does_no_harm(
    redis: Redis, redis_url: str, one: str
) -> None:
    """At each step another of all the others, by turns. (The doctor has very many steps.)"""
    others = [name for name in ACTS if name != one]
    at, happened = 1, True
    while happened:
        assert at < _MOST
        happened = await interleaved(redis, redis_url, one, others[(at + len(one)) % len(others)], at)
        at += 13 if one == "doctor" else 1


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("one", ACTORS)
@pytest.mark.parametrize("other", list(ACTS))
async def test_whatever_another_does_between_any_two_steps_does_no_harm(
    redis: Redis, redis_url: str, one: str, other: str
) -> None:
    at, step = 1, 5 if one == "doctor" else 1
    while await interleaved(redis, redis_url, one, other, at):
        at += step
        assert at < _MOST


PAIRS = list(combinations_with_replacement(ACTS, 2))


@pytest.mark.slow
@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda name: name)
async def test_two_at_once_on_some_hundred_jobs_leave_each_in_one_place(
    redis: Redis, redis_url: str, one: str, other: str
) -> None:
    """Both slice by slice, as the event loop has it, and a worker beside them."""
    world = World(redis, redis_url)
    try:
        await a_bit_of_everything(world, MANY)
        people = [world.someone(), world.someone(), world.someone()]
        names = (one, other, "work")
        await asyncio.gather(*(ACTS[name](world, who) for name, who in zip(names, people, strict=True)))
        await asyncio.gather(*(who.close() for who in people))
        await end_well(world, one, other)
    finally:
        await world.close()
