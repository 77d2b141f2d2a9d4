"""Orders to workers from afar: who is meant by a name, and that an order is heard until it is heeded."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Conflict, NotFound, Usage
from gopher_cli.model.facts import Fact, Operation
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.keyspace import fleet_key, fleet_of

pytestmark = pytest.mark.anyio


async def lives(gopher: Gopher, id: str, *, heeded: str = "", now: str = "", **about: Any) -> str:
    about = {"host": "web-3", "pid": 7, "state": "running", "queues": ["default"]} | about
    call = calls.beat(fleet_of(gopher.namespace), id, msgspec.json.encode(about), heeded=heeded, now=now)
    return await gopher.store.run(call)


async def test_an_order_is_heard_with_each_beat_until_it_was_heeded(gopher: Gopher) -> None:
    assert await lives(gopher, "w1") == ""
    await gopher.order("w1", "quiet")

    first = await lives(gopher, "w1")
    assert first.endswith(" quiet")
    assert await lives(gopher, "w1") == first, "the first answer may have been lost"
    assert await lives(gopher, "w1", heeded=first) == ""
    assert await lives(gopher, "w1", heeded=first) == ""


async def test_the_last_order_counts(gopher: Gopher) -> None:
    await lives(gopher, "w1")
    await gopher.order("w1", "quiet")
    first = await lives(gopher, "w1")
    await gopher.order("w1", "stop")

    assert (await lives(gopher, "w1", heeded=first)).endswith(" stop")


async def test_a_worker_is_meant_by_its_id_its_name_its_place_or_its_host(gopher: Gopher) -> None:
    await lives(gopher, "w1", name="mail", host="a", pid=1)
    await lives(gopher, "w2", name="mail", host="b", pid=2)
    await lives(gopher, "w3", host="b", pid=3)

    async def meant(name: str, *, every: bool = False) -> list[str]:
        return [one.id for one in await gopher.order(name, "quiet", every=every)]

    for name in ("w3", "b:3"):
        assert await meant(name) == ["w3"]
    assert await meant("a") == ["w1"]
    assert await meant("mail", every=True) == ["w1", "w2"]
    assert await meant("b", every=True) == ["w2", "w3"]
    with pytest.raises(Conflict, match="2 workers are called mail: a:1, b:2"):
        await meant("mail")
    with pytest.raises(NotFound, match="no worker nobody"):
        await meant("nobody")
    with pytest.raises(Usage, match="'halt' is not an order"):
        await gopher.order("w1", "halt")


async def test_a_silent_worker_is_told_nothing(gopher: Gopher) -> None:
    now = await gopher.store.ask(ask.time_ms())
    await lives(gopher, "w1", now=str(now - 20_000))

    with pytest.raises(Conflict, match=r"the worker w1 has been silent for \d+s"):
        await gopher.order("w1", "stop")


async def test_an_order_to_one_that_is_gone_is_not_kept(gopher: Gopher) -> None:
    assert not await gopher.store.run(calls.order(fleet_of(gopher.namespace), "w1", "stop"))
    await lives(gopher, "w1")
    await gopher.order("w1", "stop")
    await gopher.bury("w1", ["default"], 1)

    assert await lives(gopher, "w1") == ""


async def test_who_gave_an_order_stands_in_the_audit_and_listeners_hear_of_it(gopher: Gopher) -> None:
    heard: list[Fact] = []
    gopher.listeners.append(heard.append)
    await lives(gopher, "w1", name="mail", state="quiet")
    token = ACTOR.set("ann")
    (again,) = await gopher.order("mail", "quiet")
    (told,) = await gopher.order("mail", "stop")
    ACTOR.reset(token)

    assert (again.worker, again.state, again.changed, told.changed) == ("mail", "quiet", False, True)
    assert heard == [Operation("stop", "worker mail", 1, "mail", ("w1",))]  # it was quiet already
    entries = [(one.actor, one.action, one.target, one.changed) for one in await gopher.audit_log()]
    assert entries == [("ann", "stop", "worker mail", 1), ("ann", "quiet", "worker mail", 0)]


async def test_nothing_is_stored_of_orders_that_nobody_gives(gopher: Gopher, redis: Any) -> None:
    await lives(gopher, "w1")

    assert not redis.exists(fleet_key(gopher.namespace, "orders"))
