"""Each verb, cut off at each of its round trips: nothing is lost, and nothing is done twice."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from crashes import Fault, until_it_ends
from crashes.deeds import DEEDS, FEW, MANY, Deed
from crashes.world import HERE, World

pytestmark = pytest.mark.anyio
_MOST = 60  # round trips, of whatever is done to a few jobs


async def cut_off(redis: Any, url: str, deed: Deed, fault: Fault, at: int, many: int, *, again: bool) -> bool:
    """Whether the fault has happened: else the deed has fewer round trips."""
    world = World(redis, url, retention=0.0 if deed.forgets else 3600.0)
    try:
        await deed.before(world, many)
        victim = world.someone(fault, at)
        if deed.drops:
            world.dropped |= world.accepted
        await until_it_ends(victim.store, deed.act(world, victim, many))
        happened = victim.store.trips >= at
        await victim.close()
        if deed.hurt:
            await deed.act(world, world.gopher, many)
        world.check()
        await world.work()  # life goes on before anybody knows
        await world.tend()
        await world.work()
        if again:
            await deed.act(world, world.gopher, many)
        await world.gopher.pause(HERE, paused=False) if world.accepted else None
        await world.repair()
        if not again and deed.name.startswith("submit"):
            world.accepted &= set(world.where()) | set(world.done)
        world.reckon()
    finally:
        await world.close()
    return happened


FAULTS = (Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.REFUSED)
TRIES = [pytest.param(deed, fault, id=f"{deed}: {fault.name.lower()}") for deed in DEEDS for fault in FAULTS]


@pytest.mark.parametrize(("deed", "fault"), TRIES)
async def test_whoever_is_cut_off_loses_nothing_and_does_nothing_twice(
    redis: Redis, redis_url: str, deed: Deed, fault: Fault
) -> None:
    for again in (True, False):
        at = 1
        while await cut_off(redis, redis_url, deed, fault, at, FEW, again=again):
            at += 1
            assert at < _MOST


@pytest.mark.slow
@pytest.mark.parametrize(("deed", "fault"), TRIES)
async def test_whoever_is_cut_off_in_the_middle_of_many_hundred_jobs_loses_nothing(
    redis: Redis, redis_url: str, deed: Deed, fault: Fault
) -> None:
    """The pages of the scripts are full, and it takes more than one of each."""
    at = 1
    while await cut_off(redis, redis_url, deed, fault, at, MANY, again=at % 2 == 0):
        at += 1
        assert at < _MOST
