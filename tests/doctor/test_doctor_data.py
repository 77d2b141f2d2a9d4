"""Real data, damaged in every way: each is found, nothing else is, and the repair keeps every job."""

from __future__ import annotations

import builders
import laws
import pytest
from script_watch import watched

from doctor.damages import DAMAGES, GARBAGE, HOPELESS, LOSSES, Damage
from doctor.ward import Ward, troubles
from gopher_cli.model.findings import Severity

pytestmark = pytest.mark.anyio


def wounds(known: dict[str, Damage]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("damage", known.values(), ids=list(known))


async def test_a_healthy_queue_has_no_finding(ward: Ward) -> None:
    found = await ward.look()

    assert troubles(found) == {}
    assert found.jobs == 13
    assert await ward.heal() == {}


async def test_a_session_that_was_ended_is_no_foreign_data(ward: Ward) -> None:
    await ward.gopher.sign_out("session", "key", 2**31)

    assert troubles(await ward.look()) == {}


@wounds(DAMAGES)
async def test_damage_is_found_and_nothing_else_and_mended(ward: Ward, damage: Damage) -> None:
    damage.hurt(ward)
    before = set(ward.queue.whole().meta) | set(ward.queue.whole().spec)

    assert troubles(await ward.look()) == damage.finds

    assert await ward.heal()
    assert troubles(await ward.look()) == {}
    laws.check(ward.redis, ward.gopher.namespace)
    assert before <= set(ward.queue.whole().meta), "a job was lost by the repair"
    assert {id: ward.queue.state(id) for id in damage.after} == damage.after


@pytest.mark.parametrize(
    ("name", "id", "state"),
    [
        ("it stands in line, and among the dead", "", ""),
        ("what it waits for has completed", "blocked", "enqueued"),
        ("what it waits for has completed, and came nowhere", "parent", "completed"),
        ("what it waits for has completed, and came nowhere", "blocked", "enqueued"),
    ],
)
async def test_whoever_watches_hears_of_a_repair(ward: Ward, name: str, id: str, state: str) -> None:
    DAMAGES[name].hurt(ward)
    ward.redis.xadd(ward.keys["events"], {"watched": ""})
    await ward.heal()

    told = ward.queue.whole().told
    assert told and told.get(id, "") == state


@wounds(LOSSES)
async def test_a_loss_is_written_down_for_good_and_never_as_a_purge(ward: Ward, damage: Damage) -> None:
    damage.hurt(ward)
    found = await ward.look()
    lost = damage.finds["jobs that are missing"]
    assert troubles(found) == damage.finds
    assert found.losses and not any(finding.mends for finding in found.losses)

    done = await ward.heal()

    assert done["jobs that are missing"] == lost
    assert ward.queue.counters()["missing"] == lost and "purged" not in ward.queue.counters()
    laws.check(ward.redis, ward.gopher.namespace)
    for _ in range(2):
        left = await ward.look()
        assert troubles(left) == {} and await ward.heal() == {}
        notes = {f.name: f.count for f in left.findings if f.severity is Severity.NOTE}
        assert notes == {"jobs that were missing": lost}


async def test_a_second_loss_is_added_to_the_first(ward: Ward) -> None:
    for lost in (3, 5):
        ward.redis.hincrby(ward.keys["counters"], "enqueued", lost)
        await ward.heal()

    assert ward.queue.counters()["missing"] == 8


async def test_what_cannot_be_told_is_no_loss(ward: Ward) -> None:
    """How many were purged stood in a counter that is garbage now: nothing says that a job is missing."""
    assert ward.queue.purge("failed", "failed") == 1
    ward.write("counters", "purged", GARBAGE)

    assert await ward.heal() == {"counters that cannot be read": 1}

    assert ward.queue.counters()["purged"] == 1 and "missing" not in ward.queue.counters()


async def test_a_job_without_a_record_is_not_written_down_as_missing(ward: Ward) -> None:
    """It has changed since it was seen, so it is not mended yet, and is not lost either."""
    ward.drop("meta", "high")
    found = await ward.look()
    ward.stand("high", "failed", ward.queue.now)

    await ward.gopher.heal(found)
    assert "missing" not in ward.queue.counters()

    await ward.heal()
    assert "missing" not in ward.queue.counters() and ward.queue.state("high") == "failed"


async def test_who_waited_for_a_job_that_came_nowhere_runs(ward: Ward) -> None:
    """One repair puts the parent right and frees the child: no second must come for it."""
    DAMAGES["what it waits for has completed, and came nowhere"].hurt(ward)

    await ward.gopher.heal(await ward.look())

    assert "blocked" in [lease.id for lease in ward.queue.reserve("w.0", count=20)]
    laws.check(ward.redis, ward.gopher.namespace)


@wounds(HOPELESS)
async def test_what_a_person_must_decide_is_told_of_and_left(
    ward: Ward, damage: Damage, request: pytest.FixtureRequest
) -> None:
    damage.hurt(ward)

    assert troubles(await ward.look()) == damage.finds
    await ward.heal()

    left = await ward.look()
    assert troubles(left) == damage.stays
    assert all(finding.fix for finding in left.troubles)
    ward.redis.delete(f"{ward.gopher.namespace}:cache", ward.keys["progress"])
    assert {id: ward.queue.state(id) for id in damage.after} == damage.after
    ward.queue.forget()


async def test_everything_at_once_is_mended(ward: Ward) -> None:
    """Damages that do not meet in one job, all together."""
    some = (
        "it stands in line, and among the dead", "it ran, and came nowhere", "only its name is left",
        "its record is garbage", "another time than its record says", "the wrong line", "a lock of nobody",
        "a log of a job that is gone", "too many were counted", "a follow-up that is garbage",
    )  # fmt: skip
    known = DAMAGES | LOSSES
    for name in some:
        known[name].hurt(ward)

    assert set(troubles(await ward.look())) == {f for name in some for f in known[name].finds}
    await ward.heal()

    assert troubles(await ward.look()) == {}
    for name in some:
        assert {id: ward.queue.state(id) for id in known[name].after} == known[name].after


async def test_the_bytes_of_what_cannot_be_read_are_kept(ward: Ward) -> None:
    ward.write("meta", "high", GARBAGE)
    ward.write("spec", "low", GARBAGE)
    ward.follow_up("next", GARBAGE)

    await ward.heal()

    whole = ward.queue.whole()
    assert GARBAGE.hex().encode() in whole.errors["high"]
    assert whole.spec["low"] == GARBAGE
    assert GARBAGE.hex().encode() in whole.spec["next"]
    assert [row.state for row in [await ward.gopher.inspect("default", id) for id in ("high", "next")]] == [
        "failed", "failed",
    ]  # fmt: skip


async def test_a_job_that_was_put_back_runs(ward: Ward) -> None:
    ward.leave("normal", "ready_normal")
    await ward.heal()

    ids = [lease.id for lease in ward.queue.reserve("w.0", count=20)]
    assert ids.count("normal") == 1


async def test_a_late_success_of_a_lost_attempt_still_counts(ward: Ward) -> None:
    (lease,) = ward.queue.reserve("w.0")
    ward.leave(lease.id, "running")
    await ward.heal()
    assert ward.queue.state(lease.id) == "enqueued"
    assert ward.queue.record(lease.id).attempts == lease.attempt - 1

    assert ward.queue.settle(builders.settlement(lease)) == ["settled"]


async def test_a_job_that_has_moved_on_since_it_was_seen_is_left_alone(ward: Ward) -> None:
    ward.stand("normal", "failed", ward.queue.now)
    found = await ward.look()
    ward.leave("normal", "failed")
    before = ward.queue.whole()

    assert await ward.gopher.heal(found) == []
    assert ward.queue.whole() == before


async def test_a_key_that_another_has_locked_meanwhile_sends_the_job_to_the_dead(ward: Ward) -> None:
    """Two live jobs with one unique key are never made."""
    ward.leave("normal", "ready_normal")
    ward.queue.redis.hdel(ward.keys["locks"], *ward.queue.whole().locks)
    ward.queue.submit(builders.job("second", unique_key="n"))

    await ward.heal()

    assert (ward.queue.state("normal"), ward.queue.state("second")) == ("failed", "enqueued")


async def test_fields_of_a_newer_version_behind_a_record_are_kept(ward: Ward) -> None:
    record = ward.redis.hget(ward.keys["meta"], "low")
    ward.write("meta", "low", record + b";news")
    ward.leave("low", "ready_low")

    await ward.heal()

    assert ward.redis.hget(ward.keys["meta"], "low").endswith(b";news")
    ward.write("meta", "low", record)


async def test_the_scripts_keep_the_rules(ward: Ward, changed_scripts) -> None:
    """Declared keys only, a look before every write, and the first write frees memory."""
    changed_scripts(watched)
    for damage in (DAMAGES | LOSSES).values():
        ward.queue.forget()
        await ward.fill()
        damage.hurt(ward)
        await ward.heal()
