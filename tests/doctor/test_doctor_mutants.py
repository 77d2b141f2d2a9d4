"""The gate of the doctor's scripts: every seeded bug is noticed by what one damage comes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import builders
import laws
import pytest
from mutants import REPAIRS, Mutant
from redis.exceptions import ResponseError

from doctor.damages import DAMAGES, LOSSES, lock_of
from doctor.ward import Ward, troubles
from gopher_cli.model.errors import GopherError

pytestmark = pytest.mark.anyio


async def a_healthy_queue(ward: Ward) -> None:
    assert troubles(await ward.look()) == {}


async def it_changed_meanwhile(ward: Ward) -> None:
    ward.stand("normal", "failed", ward.queue.now)
    found = await ward.look()
    ward.leave("normal", "failed")
    ward.queue.cancel("normal")
    await ward.gopher.heal(found)
    assert ward.queue.state("normal") == "cancelled"


async def another_has_its_key_meanwhile(ward: Ward) -> None:
    ward.leave("normal", "ready_normal")
    ward.drop("locks", lock_of("n"))
    ward.queue.submit(builders.job("second", unique_key="n"))
    await ward.heal()


async def its_unique_job_is_in_quarantine(ward: Ward) -> None:
    ward.drop("spec", "normal")
    await ward.gopher.heal(await ward.look())
    assert lock_of("n") not in ward.queue.whole().locks


async def it_was_to_stop_and_came_nowhere(ward: Ward) -> None:
    ward.queue.cancel("running")
    found = await ward.look()
    ward.leave("running", "running")
    found = await ward.look()
    await ward.gopher.heal(found)
    assert "running" not in ward.queue.whole().cancels


async def nobody_is_awake(ward: Ward) -> None:
    for place in ("ready_high", "ready_normal", "ready_low"):
        ward.redis.delete(ward.keys[place])
    ward.redis.delete(ward.keys["wake"])
    await ward.heal()
    assert len(ward.queue.whole().wake) == 1


async def a_newer_version_wrote_more(ward: Ward) -> None:
    record = ward.redis.hget(ward.keys["meta"], "low")
    ward.write("meta", "low", record + b";news")
    ward.leave("low", "ready_low")
    await ward.heal()
    assert ward.redis.hget(ward.keys["meta"], "low").endswith(b";news")


async def a_look_takes_nothing(ward: Ward) -> None:
    ward.write("locks", "0" * 24, "nobody")
    before = ward.queue.whole()
    assert troubles(await ward.look()) == {"locks without a live job": 1}
    assert ward.queue.whole() == before
    await ward.heal()


async def a_living_job_keeps_its_history(ward: Ward) -> None:
    ward.write("result", "failed", "1")
    await ward.heal()
    assert "failed" in ward.queue.whole().errors


async def a_lock_outlives_its_job(ward: Ward) -> None:
    ward.queue.cancel("lasting")
    assert troubles(await ward.look()) == {}
    ward.write("locks", "0" * 24, "nobody")
    await ward.heal()
    assert lock_of("l") in ward.queue.whole().locks


async def a_name_was_never_counted(ward: Ward) -> None:
    before = ward.queue.counters()["enqueued"]
    ward.stand("ghost", "ready_high", 1e13)
    await ward.heal()
    assert ward.queue.counters()["enqueued"] == before


async def its_parent_came_nowhere(ward: Ward) -> None:
    """One repair frees the child, in the same instant, and somebody is told."""
    DAMAGES["what it waits for has completed, and came nowhere"].hurt(ward)
    ward.redis.delete(ward.keys["wake"])
    await ward.gopher.heal(await ward.look())
    assert ward.queue.state("blocked") == "enqueued"
    assert len(ward.queue.whole().wake) == 1


async def nobody_is_awake_for_a_child(ward: Ward) -> None:
    for place in ("ready_high", "ready_low"):
        ward.redis.delete(ward.keys[place])
    DAMAGES["what it waits for has completed"].hurt(ward)
    ward.redis.delete(ward.keys["wake"])
    found = await ward.look()
    for audit in found.audits:
        audit.damages = [c for c in audit.damages if c.name == "completed, and still waited for"]
    await ward.gopher.heal(found)
    assert len(ward.queue.whole().wake) == 1
    await ward.heal()


async def a_stranger_runs_a_job(ward: Ward) -> None:
    """Its worker is new, and has not told the fleet of itself yet."""
    ward.queue.reserve("new.0")
    assert troubles(await ward.look()) == {}


STORIES: dict[str, Callable[[Ward], Awaitable[None]]] = {
    "a healthy queue": a_healthy_queue,
    "it changed meanwhile": it_changed_meanwhile,
    "another has its key meanwhile": another_has_its_key_meanwhile,
    "its unique job is in quarantine": its_unique_job_is_in_quarantine,
    "it was to stop, and came nowhere": it_was_to_stop_and_came_nowhere,
    "nobody is awake": nobody_is_awake,
    "its parent came nowhere": its_parent_came_nowhere,
    "nobody is awake for a child": nobody_is_awake_for_a_child,
    "a newer version wrote more": a_newer_version_wrote_more,
    "a look takes nothing": a_look_takes_nothing,
    "a stranger runs a job": a_stranger_runs_a_job,
    "a living job keeps its history": a_living_job_keeps_its_history,
    "a lock outlives its job": a_lock_outlives_its_job,
    "a name was never counted": a_name_was_never_counted,
}


async def treat(ward: Ward, story: str) -> None:
    """Raises AssertionError where the treatment is wrong."""
    if story in STORIES:
        await STORIES[story](ward)
    else:
        damage = (DAMAGES | LOSSES)[story]
        damage.hurt(ward)
        assert troubles(await ward.look()) == damage.finds
        await ward.heal()
        assert {id: ward.queue.state(id) for id in damage.after} == damage.after
        lost = damage.finds.get("jobs that are missing", 0)
        assert ward.queue.counters().get("missing", 0) == lost
    assert troubles(await ward.look()) == {}
    if "garbage" in story:
        assert any(b"raw_hex" in told for told in ward.queue.whole().errors.values())
    laws.check(ward.redis, ward.gopher.namespace)


@pytest.mark.parametrize(("mutant", "story"), REPAIRS, ids=[mutant.bug for mutant, _ in REPAIRS])
async def test_it_is_noticed_that(ward: Ward, changed_scripts, mutant: Mutant, story: str) -> None:
    changed_scripts(lambda name, text: mutant.source if name == mutant.script else text)

    with pytest.raises((AssertionError, ResponseError, GopherError)):
        await treat(ward, story)
    ward.queue.forget()


@pytest.mark.parametrize("story", sorted({story for _, story in REPAIRS}))
async def test_nothing_is_noticed_where_nothing_is_wrong(ward: Ward, story: str) -> None:
    await treat(ward, story)


def test_every_script_of_the_doctor_that_writes_has_a_mutant() -> None:
    assert {mutant.script for mutant, _ in REPAIRS} == {"repair", "delete_orphans", "recount"}
