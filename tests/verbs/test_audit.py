"""Who did what: every operation is written down once, after it was done."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import builders
import pytest
from redis import Redis

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Usage
from gopher_cli.model.facts import Operation
from gopher_cli.model.select.actions import DELETE, RETRY
from gopher_cli.model.select.filter import Filter
from gopher_cli.store import calls
from gopher_cli.store.keyspace import fleet_key, fleet_of

pytestmark = pytest.mark.anyio


async def submit(gopher: Gopher, *ids: str, queue: str = "default") -> None:
    await gopher.submit_many([builders.job(id, queue=queue) for id in ids])


@pytest.fixture
async def ann() -> AsyncIterator[None]:
    before = ACTOR.set("ann@host")
    yield
    ACTOR.reset(before)


async def test_where_nobody_is_known_nothing_is_written_down(gopher: Gopher, redis: Redis) -> None:
    await submit(gopher, "one")
    await gopher.cancel("default", ["one"])

    assert await gopher.audit_log() == []
    assert not redis.exists(fleet_key(gopher.namespace, "audit"))


async def test_every_operation_is_written_down_once(gopher: Gopher, ann: None) -> None:
    await submit(gopher, *(f"j{n}" for n in range(4)))
    await gopher.pause("default")
    await gopher.pause("default", paused=False)
    await gopher.cancel("default", ["j0", "j1", "nobody"])
    await gopher.retry("default", ["j0"])
    await gopher.purge(Filter(states=("cancelled",), type="mail"))
    await gopher.retry_all(Filter(states=("failed",)))
    await gopher.bulk(RETRY, Filter(type="mail"), target="x")
    await gopher.do_to(DELETE, "default", "ready_normal", ["j2", "j3"])
    entries = await gopher.audit_log()

    assert {entry.actor for entry in entries} == {"ann@host"}
    assert [(e.action, e.target, e.changed) for e in reversed(entries)] == [
        ("pause", "default", 1), ("resume", "default", 1), ("cancel", "default/j0 and 2 more", 2),
        ("requeue", "default/j0", 1), ("purge", "state:cancelled type:mail", 1),
        ("requeue", "state:failed", 0), ("move", "state:failed type:mail", 0),
        ("delete", "default/j2 and 1 more", 2),
    ]  # fmt: skip


async def test_an_operation_on_many_is_one_and_counts_what_was_done_before_it_broke_off(
    gopher: Gopher, ann: None
) -> None:
    await submit(gopher, *(f"j{n}" for n in range(7)))
    await gopher.cancel("default", [f"j{n}" for n in range(7)])
    seen = 0

    def stop_after_one(changed: int) -> None:
        nonlocal seen
        seen = changed
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await gopher.purge(Filter(states=("cancelled",)), tell=stop_after_one)

    last, first = await gopher.audit_log()
    assert (last.action, last.changed, last.detail) == ("purge", seen, "broken off") and seen > 0
    assert first.action == "cancel"
    assert ACTOR.get() == "ann@host", "whoever acts next is known again"


async def test_what_the_doctor_repairs_is_an_operation(gopher: Gopher, redis: Redis, ann: None) -> None:
    await submit(gopher, "one")
    redis.hset(gopher.keys("default")["progress"], "nobody", "1")
    await gopher.heal(await gopher.diagnose())
    (entry,) = await gopher.audit_log()

    assert (entry.action, entry.changed) == ("repair", 1)


async def test_what_was_refused_is_no_operation(gopher: Gopher, ann: None) -> None:
    await submit(gopher, "one")
    with pytest.raises(Usage):
        await gopher.retry_all(Filter(states=("completed",)), target="x")

    assert await gopher.audit_log() == []


async def test_what_was_sent_twice_is_told_once(gopher: Gopher, ann: None) -> None:
    await gopher.record(pause := Operation("pause", "x"))
    for _ in range(2):
        await gopher.store.run(calls.append_audit(fleet_of(gopher.namespace), "ann", pause, "nonce"))

    assert [one.action for one in await gopher.audit_log()] == ["pause", "pause"]


async def test_the_audit_is_read_page_by_page(gopher: Gopher, ann: None) -> None:
    for n in range(5):
        await gopher.record(Operation("pause", f"q{n}"))
    first = await gopher.audit_log(limit=2)
    rest = await gopher.audit_log(limit=10, before=first[-1].id)

    assert [entry.target for entry in [*first, *rest]] == ["q4", "q3", "q2", "q1", "q0"]


async def test_an_audit_that_cannot_be_written_hides_no_result(
    gopher: Gopher, redis: Redis, ann: None, caplog: pytest.LogCaptureFixture
) -> None:
    redis.set(fleet_key(gopher.namespace, "audit"), "theirs")
    await submit(gopher, "one")
    with caplog.at_level(logging.WARNING, "gopher.audit"):
        words = builders.words(await gopher.cancel("default", ["one"]))

    assert words == {"one": "cancelled"}
    assert "ann@host: cancel default/one (1 changed)" in caplog.text


async def test_an_entry_that_a_newer_version_wrote_is_shown_as_it_is(gopher: Gopher, redis: Redis) -> None:
    redis.xadd(fleet_key(gopher.namespace, "audit"), {"nonce": '["who",7]'})

    (entry,) = await gopher.audit_log()
    assert entry.target == '["who",7]'


@pytest.mark.parametrize("odd", ["x", "-", "1-1-1", "+", "99999999999999999999-1"])
async def test_what_is_not_the_id_of_an_entry_is_refused(gopher: Gopher, odd: str) -> None:
    with pytest.raises(Usage, match="not the id of an audit entry"):
        await gopher.audit_log(before=odd)
