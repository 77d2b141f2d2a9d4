"""The faults. Each takes a place and a source of chance, does its harm, and has undone it when it ends."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from faults.proxy import script
from redis import RedisError
from worker.processes import Worker

from chaos.place import QUEUE, Place
from gopher_cli.model.errors import GopherError
from gopher_cli.store import scripts

_LOOKS = 60
_KILLS = 3  # in each so many storms one worker is killed, and that is all
Fault = Callable[[Place, random.Random], Awaitable[None]]
OF_WORKERS: list[Fault] = []
OF_THE_SERVER: list[Fault] = []  # one at a time
OF_THE_NETWORK: list[Fault] = []  # one at a time
OF_OPERATORS: list[Fault] = []


def _of(list_: list[Fault]) -> Callable[[Fault], Fault]:
    def add(fault: Fault) -> Fault:
        list_.append(fault)
        return fault

    return add


# Workers


@_of(OF_WORKERS)
async def a_worker_is_killed(place: Place, chance: random.Random) -> None:
    if not place.victims() or not (victim := await _a_busy_one(place, chance)):
        return
    place.workers.remove(victim)
    place.kill(victim)
    await asyncio.sleep(chance.uniform(0, 1))
    await place.hire()
    await asyncio.to_thread(victim.process.wait)


async def _a_busy_one(place: Place, chance: random.Random) -> Worker | None:
    """One that runs something, where one does so within a while: the death of an idle one shows little."""
    for _ in range(_LOOKS):
        if busy := [one for one in place.victims() if place.runs_of(one)]:
            return chance.choice(busy)
        await asyncio.sleep(0.05)
    return chance.choice(victims) if (victims := place.victims()) else None


@_of(OF_WORKERS)
async def a_runner_is_killed(place: Place, chance: random.Random) -> None:
    runners = [pid for one in place.victims() for pid in one.runners()]
    if runners:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(runners), signal.SIGKILL)


@_of(OF_WORKERS)
async def a_worker_stands_still(place: Place, chance: random.Random) -> None:
    """Of a supervisor alone, or of all its processes; now and then beyond its leases."""
    if not (victims := place.victims()):
        return
    victim = chance.choice(victims)
    pids = [victim.process.pid, *(victim.runners() if chance.random() < 0.7 else [])]
    for number, seconds in ((signal.SIGSTOP, chance.uniform(0.5, 6)), (signal.SIGCONT, 0)):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        await asyncio.sleep(seconds)


@_of(OF_WORKERS)
async def a_worker_is_replaced(place: Place, chance: random.Random) -> None:
    if not (victims := place.victims()):
        return
    victim = chance.choice(victims)
    place.workers.remove(victim)
    victim.signal(signal.SIGTERM)
    await place.hire()
    await asyncio.to_thread(victim.ended)


# The server


@_of(OF_THE_SERVER)
async def the_server_is_killed(place: Place, chance: random.Random) -> None:
    """What it has answered is in its log: while a sync is on its way it may answer first, and write later."""
    place.redis.config_set("appendfsync", "no")
    place.server.kill()
    await asyncio.sleep(chance.uniform(0, 2))
    await asyncio.to_thread(place.server.start)


@_of(OF_THE_SERVER)
async def the_server_stands_still(place: Place, chance: random.Random) -> None:
    place.server.stop()
    await asyncio.sleep(chance.uniform(0.5, 4))
    place.server.cont()


@_of(OF_THE_SERVER)
async def the_clock_jumps_an_hour(place: Place, chance: random.Random) -> None:
    """Ahead only: what is due at a time that is taken back would wait for it to come again."""
    place.set_clock(place.clock + 3600)


@_of(OF_THE_SERVER)
async def the_clock_trembles(place: Place, chance: random.Random) -> None:
    at = place.clock
    for _ in range(4):
        place.set_clock(at + chance.uniform(-3, 3))
        await asyncio.sleep(0.5)
    place.set_clock(at)


@_of(OF_THE_SERVER)
async def the_memory_is_full(place: Place, chance: random.Random) -> None:
    used = place.redis.info("memory")["used_memory"]
    place.redis.config_set("maxmemory", used * 9 // 10)
    await asyncio.sleep(chance.uniform(1, 3))
    place.redis.config_set("maxmemory", 0)


@_of(OF_THE_SERVER)
async def the_disk_is_full(place: Place, chance: random.Random) -> None:
    place.server.control.disk_room(chance.randrange(4000))
    await asyncio.sleep(chance.uniform(1, 3))
    place.server.control.disk_room(None)


@_of(OF_THE_SERVER)
async def the_disk_is_slow(place: Place, chance: random.Random) -> None:
    place.server.control.slow_syncs(chance.uniform(0.5, 2))
    await asyncio.sleep(3)
    place.server.control.quick_syncs()
    await asyncio.sleep(2)  # the last slow one has ended


@_of(OF_THE_SERVER)
async def the_scripts_are_forgotten(place: Place, chance: random.Random) -> None:
    for _ in range(20):
        place.redis.script_flush()
        await asyncio.sleep(0.05)


# The network


@_of(OF_THE_NETWORK)
async def the_lines_are_cut(place: Place, chance: random.Random) -> None:
    for _ in range(chance.randrange(1, 10)):
        await asyncio.to_thread(place.proxy.cut)
        await asyncio.sleep(0.1)


@_of(OF_THE_NETWORK)
async def nothing_comes_through(place: Place, chance: random.Random) -> None:
    """In neither direction, or in one; and nobody is told."""
    up = chance.random() < 0.7
    place.proxy.stall(up=up, down=not up or chance.random() < 0.5, new=True)
    await asyncio.sleep(chance.uniform(0.5, 6))
    place.proxy.flow()
    await asyncio.to_thread(place.proxy.cut)


@_of(OF_THE_NETWORK)
async def answers_are_lost(place: Place, chance: random.Random) -> None:
    names = scripts.names()
    for name in chance.sample(["reserve", "settle", "submit", "renew", *names], 4):
        place.proxy.lose(script(name))
    await asyncio.sleep(2)
    place.proxy.spare()  # a rare one would be lost when all is over


@_of(OF_THE_NETWORK)
async def the_line_is_long(place: Place, chance: random.Random) -> None:
    place.proxy.delay = (0.1, 0.1)
    await asyncio.sleep(chance.uniform(1, 4))
    place.proxy.delay = (0.0, 0.0)


# Operators


@_of(OF_OPERATORS)
async def the_queue_is_paused(place: Place, chance: random.Random) -> None:
    with suppress(GopherError):
        await place.gopher.pause(QUEUE)
    await asyncio.sleep(chance.uniform(0.2, 2))
    while True:
        try:
            await place.gopher.pause(QUEUE, paused=False)
            return
        except GopherError:
            await asyncio.sleep(0.2)


@_of(OF_OPERATORS)
async def jobs_are_cancelled(place: Place, chance: random.Random) -> None:
    """Waiting or running, whatever stands at the head of the line."""
    keys = place.gopher.keys(QUEUE)
    with suppress(GopherError, RedisError):
        ids = [
            id.decode() for key in ("running", "ready_normal") for id in place.redis.zrange(keys[key], 0, 1)
        ]
        await place.gopher.cancel(QUEUE, ids)


# These leave server, network and the other workers as they are.
HARMLESS = (a_worker_is_killed, a_runner_is_killed, a_worker_is_replaced, jobs_are_cancelled)


async def storm(place: Place, chance: random.Random) -> list[str]:
    """Two to four faults at once; their names. All is undone when this returns."""
    others = [chance.choice(kind) for kind in (OF_WORKERS, OF_THE_SERVER, OF_THE_NETWORK, OF_OPERATORS)]
    chosen = [chance.choice(OF_WORKERS), *chance.sample(others, chance.randrange(1, 4))]
    if len(place.storms) % _KILLS == 2:  # nothing else is wrong: how long what it ran waits can be told
        chosen = [a_worker_is_killed]
    known = len(place.cut)

    async def strike(fault: Fault) -> None:
        await asyncio.sleep(chance.uniform(0, 1))
        with suppress(RedisError):  # another fault has hit our own look at the server
            await fault(place, random.Random(chance.random()))

    await asyncio.gather(*(strike(fault) for fault in chosen))
    place.server.control.disk_room(None)
    place.redis.config_set("maxmemory", 0)
    if not all(fault in HARMLESS for fault in chosen):
        del place.cut[known:]  # these had to wait for more than their lease
    return [fault.__name__.replace("_", " ") for fault in chosen]
