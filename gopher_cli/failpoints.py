"""Fail-points: the places where tests let a process die, hang, fail or dawdle. Inert but for tests.

``GOPHER_TESTING=1 GOPHER_FAILPOINT=fetch.sent:kill9,ack.sent:sleep=500:3`` lets a process be killed
once a fetch is on its way, and makes the third settlement wait for half a second. Without a number an
action is taken at every pass. Each is told of on stderr, so that a test can wait for it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Awaitable, Mapping
from itertools import count
from typing import NoReturn, TypeVar

T = TypeVar("T")

NAMES = (
    "fetch.sent",
    "fetch.replied",
    "job.before_start",
    "job.started",
    "child.spawned",
    "child.ready",
    "keeper.prepared",
    "keeper.started",
    "job.done_before_ack",
    "ack.sent",
    "ack.replied",
    "hb.sent",
    "promote.sent",
    "tick.planned",
    "tick.sent",
    "reclaim.sent",
    "bulk.chunk_sent",
    "shutdown.released",
)
_UNDERWAY = 0.1  # seconds until a request has surely left, even where it had to connect first


class _Point:
    """What is to happen at one place, and when: 0 is at every pass."""

    def __init__(self, text: str) -> None:
        self.name, action, *rest = text.split(":")
        self.action, _, self.value = action.partition("=")
        self.at = int(rest[0]) if rest else 0
        self.passes = count(1)
        if self.name not in NAMES or self.action not in _ACTIONS:
            raise ValueError(f"no such fail-point: {text!r}; there are {', '.join(NAMES)}")

    def reach(self) -> None:
        if next(self.passes) != self.at != 0:
            return
        os.write(2, f"failpoint {self.name}: {self.action} in {os.getpid()}\n".encode())
        match self.action:
            case "kill9":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                os._exit(70)
            case "hang":
                _hang()
            case "sleep":
                time.sleep(int(self.value) / 1000)
            case _:
                raise RuntimeError(f"failpoint {self.name}")


_ACTIONS = ("kill9", "exit", "hang", "raise", "sleep")


def _hang() -> NoReturn:
    while True:
        time.sleep(3600)


def points_of(environ: Mapping[str, str]) -> dict[str, _Point] | None:
    """The points that are armed; None, for good, where nobody tests. Raises ValueError."""
    setting = environ.get("GOPHER_FAILPOINT")
    if not setting or environ.get("GOPHER_TESTING") != "1":
        return None
    return {point.name: point for point in map(_Point, setting.split(","))}


_armed = points_of(os.environ)


def failpoint(name: str) -> None:
    """We are at this place."""
    if _armed is not None and name in _armed:
        _armed[name].reach()


async def underway(name: str, request: Awaitable[T]) -> T:
    """Await a request. Where its point is armed, that is passed once the request was sent, and before
    its answer, which may have come, has had any effect here."""
    if _armed is None or name not in _armed:
        return await request
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:  # short commands have no loop: it is sent and answered in one go
        answer = await request
        failpoint(name)
        return answer
    task = asyncio.ensure_future(request)
    await asyncio.wait({task}, timeout=_UNDERWAY)
    failpoint(name)
    return await task
