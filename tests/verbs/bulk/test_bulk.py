"""Deleting and promoting single jobs; and deeds on many, some at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import builders
import msgspec
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Usage
from gopher_cli.model.select.actions import CANCEL, DELETE, RETRY, Action, Answer, Result, plain_action
from gopher_cli.model.select.bulk import Bulk, words_of
from gopher_cli.model.select.filter import Filter
from gopher_cli.verbs.bulk import bulk, plan
from gopher_cli.verbs.select import scan

pytestmark = pytest.mark.anyio

ALL = Filter()


async def take(gopher: Gopher, count: int = 1) -> list[Any]:
    token = f"w.0:{next(builders._numbers)}"
    batch = await gopher.reserve(
        "default", worker="w.0", token=token, sequence=next(builders._numbers), count=count
    )
    return list(batch.leases)


async def end(gopher: Gopher, leases: list[Any], came_to: Any, told: bytes = b"") -> list[str]:
    items = [builders.settlement(lease, came_to) for lease in leases]
    await gopher.settle("w.0", [msgspec.structs.replace(one, data=told or one.data) for one in items])
    return [lease.id for lease in leases]


async def state(gopher: Gopher, id: str) -> str:
    return (await gopher.inspect("default", id)).state


async def a_moment_later(gopher: Gopher) -> None:
    """The server's clock, which counts milliseconds, has gone on."""
    began = (await gopher.depth("default")).now
    while (await gopher.depth("default")).now == began:
        pass


async def in_every_state(gopher: Gopher) -> dict[str, str]:
    """A job of each state; its id."""
    made = {}
    for name, came_to in (
        ("completed", builders.success()),
        ("failed", builders.discard()),
        ("retrying", builders.failure(delay=60)),
    ):
        await gopher.submit("x")
        (made[name],) = await end(gopher, await take(gopher), came_to)
    made["processing"] = await gopher.submit("x")
    await take(gopher)
    made["cancelled"] = await gopher.submit("x")
    await gopher.cancel("default", [made["cancelled"]])
    made["enqueued"] = await gopher.submit("x", priority=9)
    made["scheduled"] = await gopher.submit("x", delay=60)
    made["blocked"] = await gopher.submit("x", after=[made["scheduled"]])
    return made


async def test_a_job_is_deleted_in_every_state_but_processing(gopher: Gopher) -> None:
    made = await in_every_state(gopher)
    made["gone"] = "nobody"

    words = builders.words(await gopher.delete("default", [*made.values(), made["failed"]]))

    assert {name: words[id] for name, id in made.items()} == {
        **dict.fromkeys(made, "deleted"), "processing": "processing", "gone": "gone",
    }  # fmt: skip
    assert [row.id for row in await gopher.jobs(ALL)] == [made["processing"]]


async def test_a_running_job_is_deleted_with_force(gopher: Gopher) -> None:
    id = await gopher.submit("x")
    await take(gopher)

    assert builders.words(await gopher.delete("default", [id], force=True)) == {id: "deleted"}


async def test_a_purge_leaves_what_has_left_the_state_that_was_named(gopher: Gopher) -> None:
    made = await in_every_state(gopher)

    for seen, id in made.items():
        wrong = "failed" if seen != "failed" else "completed"
        counts = await gopher.do_to(DELETE, "default", wrong, [id, "nobody"])
        assert words_of(counts) == {"deleted": 0, seen: 1, "gone": 1}

    assert {await state(gopher, id) for id in made.values()} == set(made)


async def test_promoted_jobs_stand_in_line_with_the_attempts_that_they_have_left(gopher: Gopher) -> None:
    made = await in_every_state(gopher)

    words = builders.words(await gopher.run_now("default", [*made.values(), "nobody"]))

    said = {name: words[id] for name, id in made.items()}
    assert said == {name: name for name in made} | {
        "scheduled": "enqueued", "retrying": "enqueued", "enqueued": "again",
    }  # fmt: skip
    assert words["nobody"] == "gone"
    assert await state(gopher, made["scheduled"]) == await state(gopher, made["retrying"]) == "enqueued"
    assert (await gopher.inspect("default", made["retrying"])).attempts == 1


async def test_all_that_can_be_cancelled_is_and_running_jobs_are_asked(gopher: Gopher) -> None:
    made = await in_every_state(gopher)

    done = await gopher.cancel_all(ALL)

    assert (done.changed, words_of(done.left)) == (4, {"requested": 1})
    ended = ("completed", "failed", "processing")
    for name, id in made.items():
        assert await state(gopher, id) == (name if name in ended else "cancelled")


async def test_a_filter_chooses_what_is_cancelled_and_the_oldest_go_first(gopher: Gopher) -> None:
    mine = [await gopher.submit("mine") for _ in range(3)]
    other = await gopher.submit("other")

    done = await gopher.cancel_all(Filter(type="mine"), limit=2)

    assert done.changed == 2
    states = [await state(gopher, id) for id in [*mine, other]]
    assert states == ["cancelled", "cancelled", "enqueued", "enqueued"]


@pytest.mark.parametrize("deed", ["cancel_all", "purge"])
async def test_the_oldest_of_all_queues_come_first_however_many_there_are(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    monkeypatch.setattr(scan, "_LANES", 3)
    jobs = [builders.job(queue=queue) for queue in ("z", "m", "a", "b")]
    for n, job in enumerate(jobs):
        await gopher.submit_many([job], now=str(builders.NOW + n))

    await getattr(gopher, deed)(ALL, limit=2)

    left = await gopher.jobs(Filter(states=("enqueued",)))
    assert {row.queue for row in left} == {"a", "b"}


async def steps(gopher: Gopher, action: Action, wanted: Filter = ALL, **more: Any) -> list[Bulk]:
    """Every step of a deed, each as short as it can be."""
    taken, cursor = list[Bulk](), ""
    while not taken or cursor:
        taken.append(await gopher.bulk(action, wanted, cursor=cursor, seconds=0, **more))
        cursor = taken[-1].cursor
    return taken


@pytest.mark.parametrize("action", [CANCEL, DELETE], ids=lambda action: action.name)
async def test_a_deed_goes_on_step_by_step_and_touches_nothing_twice(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    monkeypatch.setattr(plan, "SLICE", 10)
    await gopher.submit_many([builders.job() for _ in range(35)])
    await take(gopher, 5)

    taken = await steps(gopher, action)

    assert len(taken) >= 3
    assert sum(one.changed for one in taken) == 30
    left = sum((one.left.get(Answer(Result.REQUESTED), 0) for one in taken), 0)
    assert left == (5 if action is CANCEL else 0)


async def test_a_job_that_dies_again_meanwhile_is_not_retried_twice(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SLICE", 2)
    await gopher.submit_many([builders.job() for _ in range(6)])
    await end(gopher, await take(gopher, 6), builders.discard())
    changed, cursor = 0, ""
    while True:
        step = await gopher.bulk(RETRY, ALL, cursor=cursor, seconds=0)
        changed += step.changed
        cursor = step.cursor
        if again := await take(gopher, 6):
            await end(gopher, again, builders.discard())
        if not cursor:
            break

    assert changed == 6


async def test_what_comes_while_a_deed_goes_on_is_no_part_of_it(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SLICE", 2)
    await gopher.submit_many([builders.job() for _ in range(5)])
    first = await gopher.bulk(CANCEL, ALL, seconds=0)
    await a_moment_later(gopher)
    late = builders.job()
    await gopher.submit_many([late])
    await a_moment_later(gopher)

    changed, cursor = first.changed, first.cursor
    while cursor:
        step = await gopher.bulk(CANCEL, ALL, cursor=cursor, seconds=0)
        changed, cursor = changed + step.changed, step.cursor

    assert (changed, await state(gopher, late.id)) == (5, "enqueued")


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """A deed goes on in slices of two, and this happens after each."""
    act = bulk.do_to

    async def and_more(*given: Any) -> Any:
        words = await act(*given)
        await happens()
        return words

    monkeypatch.setattr(plan, "SLICE", 2)
    monkeypatch.setattr(bulk, "do_to", and_more)


@pytest.mark.parametrize("deed", ["cancel_all", "purge"])
async def test_a_deed_in_one_piece_takes_nothing_that_comes_while_it_works(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    await gopher.submit_many([builders.job() for _ in range(5)])
    late: list[str] = []

    async def one_comes() -> None:
        await a_moment_later(gopher)
        late.append(await gopher.submit("late"))
        await a_moment_later(gopher)

    meanwhile(monkeypatch, one_comes)
    done = await getattr(gopher, deed)(ALL)

    assert (done.changed, done.left, len(late)) == (5, {}, 3)
    assert [await state(gopher, id) for id in late] == ["enqueued"] * 3


async def test_jobs_of_a_clock_that_was_ahead_are_no_newcomers(gopher: Gopher) -> None:
    tomorrow = (await gopher.depth("default")).now + 24 * 60 * builders.minute
    await gopher.announce(["default"])
    await gopher.submit_many([builders.job()], now=str(tomorrow))

    assert (await gopher.purge(ALL)).changed == 1


async def test_a_job_that_goes_where_none_stood_is_found_there(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await gopher.submit("x") for _ in range(5)]
    meanwhile(monkeypatch, lambda: gopher.cancel("default", ids[-1:]))
    monkeypatch.setattr(scan, "_FRESH", 0)

    done = await gopher.purge(ALL)

    assert (done.changed, done.left) == (5, {})


async def test_dead_jobs_move_to_another_queue(gopher: Gopher) -> None:
    await gopher.submit_many([builders.job() for _ in range(3)])
    await end(gopher, await take(gopher, 3), builders.discard())

    (step,) = await steps(gopher, RETRY, target="slow")

    assert (step.changed, (await gopher.depth("slow")).sizes["ready_normal"]) == (3, 3)
    with pytest.raises(Usage, match="only dead jobs"):
        await gopher.bulk(RETRY, Filter(states=("retrying",)), target="slow")


@pytest.mark.parametrize("cursor", ["x", "1", "1.", ".x", "99999999999999999.x"])
async def test_a_cursor_that_was_not_made_here_does_nothing(gopher: Gopher, cursor: str) -> None:
    id = await gopher.submit("x")

    with pytest.raises(Usage, match="this cursor"):
        await gopher.bulk(DELETE, ALL, cursor=cursor)
    assert await state(gopher, id) == "enqueued"


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(Usage, match="'burn' is not something to do"):
        plain_action("burn")
