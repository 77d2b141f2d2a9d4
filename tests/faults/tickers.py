"""Eight tickers: processes that race for the same ticks, each killed before one and after one.

`python -m faults.tickers URL NAMESPACE LAST [ZONES]` ticks the queue `default` until the first tick
lies behind LAST (epoch ms). To each of them it is as late as that tick, or some minutes later: what two of
them have read differs as much as if one of them had stood still. It says how many were killed.
Every second of them knows time zones by the folder ZONES.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from random import randrange
from zoneinfo import reset_tzpath

from gopher_cli import failpoints
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url

TICKERS = 8


async def tick(url: str, namespace: str, last: int) -> None:
    async with Gopher(store=RedisStore(parse_url(url), timeout=60.0), namespace=namespace) as gopher:
        while True:
            _, heads = await gopher.tick_heads(["default"])
            if not heads or heads["default"] > last:
                return
            later = randrange(150_000)  # ms
            await gopher.tick("default", now=f"{heads['default'] + later:.0f}")


class Race:
    """Some who tick in this process, whatever happens, as if the moment of each tick had come."""

    def __init__(self, gophers: Sequence[Gopher]) -> None:
        self.refused: list[str] = []
        self._tasks = [asyncio.create_task(self._tick(gopher)) for gopher in gophers]

    async def _tick(self, gopher: Gopher) -> None:
        while True:
            try:
                _, heads = await gopher.tick_heads(["default"])
                await gopher.tick("default", now=f"{heads['default'] + randrange(150_000):.0f}")
            except GopherError as error:
                self.refused.append(str(error))
            await asyncio.sleep(0.005)

    async def ends(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)


def start(point: str, zones: str, url: str, namespace: str, last: int) -> int:
    """A ticker that dies at this point; its pid."""
    if pid := os.fork():
        return pid
    if zones:
        reset_tzpath(to=[zones])
    failpoints._armed = failpoints.points_of({"GOPHER_TESTING": "1", "GOPHER_FAILPOINT": point})
    code = 1
    try:
        asyncio.run(tick(url, namespace, last))
        code = 0
    finally:
        os._exit(code)


def main(url: str, namespace: str, last: str, zones: str = "") -> None:
    lives: dict[int, tuple[str, list[str]]] = {}

    def next_life(place: str, left: list[str]) -> None:
        lives[start(left[0], place, url, namespace, int(last))] = place, left[1:]

    for n in range(1, TICKERS + 1):
        next_life(zones if n % 2 else "", [f"tick.planned:kill9:{n}", f"tick.sent:kill9:{n}", ""])
    killed = 0
    while lives:
        pid, status = os.wait()
        place, left = lives.pop(pid)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            killed += 1
            next_life(place, left)
        else:
            assert status == 0, status
    print(killed)


if __name__ == "__main__":
    main(*sys.argv[1:])
