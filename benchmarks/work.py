"""What the jobs of every lane do, and the stopwatch that they press in the worker's own process.

The harness counts nothing by itself: handlers write the moments that matter into a named pipe.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from typing import Any

import uvloop

URL = os.environ.get("BENCH_URL", "")
CONCURRENCY = int(os.environ.get("BENCH_CONCURRENCY", "10"))
EXPECTED = int(os.environ.get("BENCH_EXPECT", "0"))
NAP = 0.05

# About 260 bytes as JSON: an e-mail of a few lines.
PAYLOAD: dict[str, Any] = {"to": "user@example.com", "subject": "Hello", "body": "x" * 200}

_count = itertools.count(1)  # next() is atomic, so that threads may share it
_pipe: int | None = None


def on_uvloop() -> None:
    """For a system that runs on uvloop when asked and does not ask; only in its worker."""
    if URL:
        uvloop.install()


def _say(number: int) -> None:
    global _pipe
    if _pipe is None:
        _pipe = os.open(os.environ["BENCH_PIPE"], os.O_WRONLY)
    os.write(_pipe, b"%d\n" % number)


def tick() -> None:
    """One job done: the first and the last of them are moments worth telling."""
    n = next(_count)
    if n in (1, EXPECTED):
        _say(time.monotonic_ns())


async def noop(payload: dict[str, Any]) -> None:
    tick()


def noop_sync(payload: dict[str, Any]) -> None:
    tick()


async def nap(payload: dict[str, Any]) -> None:
    await asyncio.sleep(NAP)
    tick()


def nap_sync(payload: dict[str, Any]) -> None:
    time.sleep(NAP)
    tick()


async def probe(payload: dict[str, Any]) -> None:
    _say(time.monotonic_ns() - payload["sent"])


def probe_sync(payload: dict[str, Any]) -> None:
    _say(time.monotonic_ns() - payload["sent"])
