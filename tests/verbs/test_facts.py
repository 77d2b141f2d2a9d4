"""Facts: whatever an operator changes is told once, to the listeners and to the audit in the same words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import builders
import pytest

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Unavailable
from gopher_cli.model.facts import Fact, JobsSubmitted, Operation
from gopher_cli.model.select.actions import Result
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.calls import Call

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ann() -> AsyncIterator[None]:
    before = ACTOR.set("ann@host")
    yield
    ACTOR.reset(before)


@pytest.fixture
def heard(gopher: Gopher) -> list[Fact]:
    facts: list[Fact] = []
    gopher.listeners.append(facts.append)
    return facts


def operations(heard: list[Fact]) -> list[Operation]:
    return [fact for fact in heard if isinstance(fact, Operation)]


async def test_each_verb_tells_one_fact_and_the_audit_has_the_same(
    gopher: Gopher, heard: list[Fact], ann: None
) -> None:
    await gopher.submit_many([builders.job(id) for id in ("a", "b", "c", "d")])
    await gopher.submit("x", delay=60, id="later")
    await gopher.submit("x", queue="mail")
    await gopher.pause("default")
    await gopher.cancel("default", ["a", "b", "nobody"])
    await gopher.retry("default", ["a"])
    await gopher.reschedule("default", ["later"], delay=5)
    await gopher.run_now("default", ["later"])
    await gopher.delete("default", ["b", "nobody"])
    await gopher.purge(Filter(states=("enqueued",), queues=("mail",)))
    await gopher.remove_queue("mail")
    await gopher.set_schedule("hourly", "x", every=3600)
    await gopher.pause_schedule("hourly", reason="rain")
    await gopher.resume_schedule("hourly")
    await gopher.drop_schedule("hourly")
    await gopher.expect("mails", "x", 60.0)
    await gopher.drop_expect("mails")
    key = await gopher.create_key("ci", role="viewer")
    await gopher.revoke_key("ci")

    told = operations(heard)
    assert told == [
        Operation("pause", "default", 1),
        Operation("cancel", "default/a and 2 more", 2, ids=("a", "b")),
        Operation("requeue", "default/a", 1, ids=("a",)),
        Operation("reschedule", "default/later", 1, "in 5s", ("later",)),
        Operation("promote", "default/later", 1, ids=("later",)),
        Operation("delete", "default/b and 1 more", 1, ids=("b",)),
        Operation("purge", "state:enqueued queue:mail", 1),
        Operation("remove queue", "mail"),
        Operation("set schedule", "default/hourly", detail="created"),
        Operation("pause schedule", "default/hourly", detail="rain"),
        Operation("resume schedule", "default/hourly"),
        Operation("remove schedule", "default/hourly"),
        Operation("expect", "default/mails", detail=told[12].detail),
        Operation("drop expect", "default/mails"),
        Operation("create key", f"ci ({key.info.id})", detail=told[14].detail),
        Operation("revoke key", f"ci ({key.info.id})"),
    ]
    entries = reversed(await gopher.audit_log(limit=100))
    assert [(e.action, e.target, e.changed, e.detail) for e in entries] == [
        (one.action, one.target, one.changed, one.detail) for one in told
    ]


async def test_listeners_hear_of_operations_of_nobody_and_of_jobs_that_are_stored(
    gopher: Gopher, heard: list[Fact]
) -> None:
    await gopher.submit_many([builders.job("a"), builders.job("a"), builders.job("b")])
    await gopher.move("default", ["a"], "mail")  # it is not dead: nothing is changed, and nothing to hear
    await gopher.cancel("default", ["b"])

    submitted, cancelled = heard
    assert isinstance(submitted, JobsSubmitted) and [job.id for job in submitted.jobs] == ["a", "b"]
    assert cancelled == Operation("cancel", "default/b", 1, ids=("b",))
    assert await gopher.audit_log() == []


async def test_a_listener_that_fails_hides_neither_a_result_nor_an_error(
    gopher: Gopher, heard: list[Fact], caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: Fact) -> None:
        raise RuntimeError("of the listener")

    gopher.listeners.insert(0, fails)
    await gopher.submit("x", id="a")

    assert (await gopher.cancel("default", ["a"]))["a"].result is Result.CANCELLED
    assert len(heard) == 2 and "of the listener" in caplog.text


async def test_an_operation_of_another_namespace_is_no_part_of_one(gopher: Gopher, heard: list[Fact]) -> None:
    other = Gopher(store=gopher.store, namespace=f"{gopher.namespace}-other", listeners=[heard.append])
    await gopher.submit("x", id="a")
    async with other.operation("sweep", "everything") as sweep:
        sweep.changed = 1
        await gopher.pause("default")

    assert [fact.action for fact in operations(heard)] == ["pause", "sweep"]


async def test_what_was_done_within_an_operation_that_breaks_off_is_counted(
    gopher: Gopher, heard: list[Fact], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"j{n}" for n in range(501)]
    await gopher.submit_many([builders.job(id, delay=60.0) for id in ids])
    run, sent = gopher.store.run, 0

    async def break_off(call: Call[Any], *more: Any) -> Any:
        nonlocal sent
        sent += 1
        if sent > 1:
            raise Unavailable("gone")
        return await run(call, *more)

    monkeypatch.setattr(gopher.store, "run", break_off)
    with pytest.raises(Unavailable):
        await gopher.run_now("default", ids)

    assert operations(heard) == [Operation("promote", "default/j0 and 500 more", 500, "broken off")]
