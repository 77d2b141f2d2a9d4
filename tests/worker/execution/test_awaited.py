"""Handlers that are functions in one way or another: what they give to be awaited is awaited."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
from typing import Any

import pytest

from gopher_cli import Context
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.supervisor.runner_process import RunnerProcess
from worker.attempts import SOON, run
from worker.conftest import Work
from worker.processes import until

pytestmark = pytest.mark.anyio


def traced(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*given: Any) -> Any:
        return function(*given)

    return wrapper


def finished(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*given: Any) -> Any:
        return asyncio.run(function(*given))

    return wrapper


class Called:
    async def __call__(self, payload: dict[str, int], ctx: Context) -> int:
        ctx.log("called")
        return payload["n"]


async def doubled(factor: int, payload: dict[str, int]) -> int:
    await asyncio.sleep(0)
    return factor * payload["n"]


async def plain(payload: dict[str, int], ctx: Context) -> int:
    await asyncio.sleep(0.001)
    ctx.log("within")
    return payload["n"]


async def twice(payload: dict[str, int], ctx: Context) -> Any:
    return plain(payload, ctx)


async def test_what_a_handler_gives_to_be_awaited_is_awaited_however_it_is_wrapped(
    gopher: Gopher, runner: Work
) -> None:
    registry = Registry()
    odd = {"traced": traced(plain), "finished": finished(plain), "object": Called(), "twice": twice,
           "partial": functools.partial(doubled, 1), "lambda": lambda payload, ctx: plain(payload, ctx),
    }  # fmt: skip
    for name, function in odd.items():
        registry.handler(name)(function)
    ids = [await gopher.submit(name, {"n": 7}) for name in odd for _ in range(2)]
    await run(runner, registry=registry, concurrency=2)

    found = [await gopher.inspect("default", id) for id in ids]
    assert {(one.state, one.result) for one in found} == {("completed", 7)}
    assert [found[n].log[0].split(" ")[1] for n in (0, 1)] == ["within"] * 2


async def test_a_wrapped_handler_that_is_awaited_heeds_its_timeout(gopher: Gopher, runner: Work) -> None:
    registry = Registry()
    registry.handler("traced")(traced(lambda payload: asyncio.sleep(60)))
    id = await gopher.submit("traced", 1, timeout=0.1, **SOON)
    await run(runner, registry=registry)

    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.history[0].outcome) == ("retrying", "timed out")


CHILD = "import sys; held = b'x' * 80_000_000; sys.stdin.read()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


async def test_the_memory_of_a_runner_is_that_of_its_children_too() -> None:
    one = RunnerProcess("w.0", WorkerOptions())
    one.process = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE)
    try:
        await until(lambda: one.usage(0.0)[0] > 80_000_000)
    finally:
        one.process.communicate()
