"""Handlers chain their follow-ups by ``after``: these run in order, in whichever queues they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from gopher_cli import Context
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.model.job.make import make_job
from worker.processes import until

pytestmark = pytest.mark.anyio

STEPS = 6
Ran = dict[str, list[int]]


def chains(*queues: str) -> tuple[Registry, Ran]:
    """A handler that chains six follow-ups over these queues, in turn; and by chain, which have run."""
    registry, ran = Registry(), defaultdict[str, list[int]](list)

    @registry.handler("chain")
    async def chain(payload: dict[str, Any], ctx: Context) -> None:
        before: list[str] = []
        for step in range(STEPS):
            queue = queues[step % len(queues)]
            said = payload | {"step": step}
            before = [ctx.submit("step", said, queue=queue, after=before)]

    @registry.handler("step")
    async def step(payload: dict[str, Any]) -> None:
        ran[payload["chain"]].append(payload["step"])

    return registry, ran


@pytest.mark.parametrize(
    ("chained", "queues"),
    [(40, ("default",)), (200, ("x",)), (200, ("x", "y")), (40, ("default", "x", "y"))],
)
async def test_chains_of_six_run_in_order(
    gopher: Gopher, runner: Callable[..., Any], chained: int, queues: tuple[str, ...]
) -> None:
    registry, ran = chains(*queues)
    await gopher.submit_many([make_job("chain", {"chain": f"c{n}"}) for n in range(chained)])

    await runner(registry, queues=tuple((name, 1) for name in ("default", "x", "y")), burst=True).run()

    assert len(ran) == chained
    assert {tuple(steps) for steps in ran.values()} == {tuple(range(STEPS))}
    assert not (await gopher.depth("default")).outbox


async def test_a_follow_up_that_waits_for_a_job_that_is_not_there_fails_its_parent_and_names_it(
    gopher: Gopher, runner: Callable[..., Any]
) -> None:
    registry = Registry()

    @registry.handler("on-the-loop", retries=0)
    async def loop(ctx: Context) -> None:
        ctx.submit("step", {}, id="child", after=["typo"])

    @registry.handler("in-a-thread", retries=0)
    def thread(ctx: Context) -> None:
        ctx.submit("step", {}, id="child", after=["typo"])

    @registry.handler("ring", retries=0)
    async def ring(ctx: Context) -> None:
        ctx.submit("step", {}, id="hen", after=["egg"])
        ctx.submit("step", {}, id="egg", after=["hen"])

    ids = [await gopher.submit(type) for type in ("on-the-loop", "in-a-thread", "ring")]
    await runner(registry, burst=True).run()

    details = [await gopher.inspect("default", id) for id in ids]
    assert [detail.state for detail in details] == ["failed"] * 3
    missing = "NotFound: the follow-up child is refused: it waits for typo, and queue default has no such job"
    ring_said = "Usage: a follow-up can never run: hen waits for itself, by way of what it waits for"
    assert [detail.history[-1].error for detail in details] == [missing, missing, ring_said]


async def test_a_follow_up_may_wait_for_a_job_that_is_there(
    gopher: Gopher, runner: Callable[..., Any]
) -> None:
    registry, order = Registry(), list[str]()

    @registry.handler("parent")
    async def parent(ctx: Context) -> None:
        ctx.submit("step", {"name": "child"}, after=["there"])

    @registry.handler("step")
    async def step(payload: dict[str, str]) -> None:
        order.append(payload["name"])

    await gopher.submit("step", {"name": "there"}, id="there", delay=0.2)
    await gopher.submit("parent")
    work = runner(registry)
    import asyncio

    task = asyncio.create_task(work.run())

    async def promoted() -> bool:
        await gopher.promote_due("default")
        return len(order) == 2

    await until(promoted)
    work.stop()
    await task
    assert order == ["there", "child"]
