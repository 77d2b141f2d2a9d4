"""A server ticks the schedules of all queues. What is wrong with one keeps no other from it, and is said."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import MemoryFull
from gopher_cli.verbs.schedule import ticker
from gopher_cli.web.services.ticks import Ticks

pytestmark = pytest.mark.anyio
LONG_AGO = "1767268800000"  # 2026-01-01T12:00:00Z


async def set_due(gopher: Gopher, *queues: str) -> None:
    for queue in queues:
        await gopher.set_schedule("s", "x", every=86_400, queue=queue, now=LONG_AGO)


async def ran(gopher: Gopher, queue: str) -> int:
    return (await gopher.schedule_row("s", queue)).standing.ran


async def test_a_queue_that_is_broken_keeps_no_other_from_its_ticks(gopher: Gopher, redis: Redis) -> None:
    await set_due(gopher, "a", "b", "c")
    ticks = gopher.keys("b")["ticks"]
    redis.delete(ticks)
    redis.set(ticks, "theirs")
    try:
        await Ticks(gopher).look()
        assert [await ran(gopher, queue) for queue in ("a", "c")] == [1, 1]
    finally:
        redis.delete(ticks)


async def test_a_queue_that_breaks_later_does_not_either(gopher: Gopher, redis: Redis) -> None:
    await set_due(gopher, "a", "b")
    server, keys = Ticks(gopher), gopher.keys("b")
    await server.look()
    assert await ran(gopher, "b") == 1
    redis.delete(keys["ticks"])
    redis.set(keys["ticks"], "theirs")
    await gopher.set_schedule("late", "x", every=86_400, queue="a", now=LONG_AGO)
    try:
        await server.look()
        assert (await gopher.schedule_row("late", "a")).standing.ran == 1
    finally:
        redis.delete(keys["ticks"])


async def test_what_keeps_schedules_from_their_ticks_is_said_once_and_that_it_is_over(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await set_due(gopher, "a")
    server = Ticks(gopher)

    async def full(*_: Any, **__: Any) -> None:
        raise MemoryFull("the memory is full")

    caplog.set_level(logging.WARNING, "gopher.web")
    with monkeypatch.context() as patch:
        patch.setattr(ticker, "tick", full)
        for _ in range(3):
            await server.look()
    await server.look()
    assert [record.getMessage() for record in caplog.records] == [
        "the schedules of a do not tick: the memory is full", "the schedules of a tick again",
    ]  # fmt: skip
    assert await ran(gopher, "a") == 1


async def test_a_server_without_schedules_looks_for_queues_and_sends_nothing_else(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gopher.submit("x", queue="a")
    asked, ask = list[Any](), gopher.store.ask

    async def noted(wanted: Any, *rest: Any, **more: Any) -> Any:
        asked.append(wanted)
        return await ask(wanted, *rest, **more)

    monkeypatch.setattr(gopher.store, "ask", noted)
    server = Ticks(gopher)
    for _ in range(10):
        assert await server.look() == 1.0
    assert len(asked) == 2
