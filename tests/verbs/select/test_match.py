"""Which jobs a deed on a filter changes, and how fast: those that its list shows, and no others."""

from __future__ import annotations

from typing import Any

import builders
import msgspec
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Usage
from gopher_cli.model.select.actions import DELETE, PLAIN, RETRY, Action, Answer
from gopher_cli.model.select.failure_groups import group_of
from gopher_cli.model.select.filter import Filter
from gopher_cli.verbs.bulk import bulk
from gopher_cli.verbs.core import Core
from verbs.bulk.test_bulk import ALL, a_moment_later, end, in_every_state, state, take

pytestmark = pytest.mark.anyio

CRITERIA = {
    "type": Filter(type="mine"),
    "tag": Filter(tag="red"),
    "queue": Filter(queues=("default",)),
    "error": Filter(error="no answer"),
    "group": Filter(group=group_of("no answer from 10.0.0.9")),
    "older_than": Filter(older_than=0.001),
    "text": Filter(text=("ANN",)),
    "payload": Filter(payload=(("to", "ann"),)),
    "id_part": Filter(id_part="mine-"),
    "all": ALL,
}


async def mine_and_others(gopher: Gopher) -> None:
    """Jobs of each state, some of which each criterion means: the retrying have the error of the dead."""
    for mine in (True, False):
        given: dict[str, Any] = {
            "type": "mine" if mine else "other", "payload": {"to": "ann" if mine else "bob"},
            "tags": ["red"] if mine else [], "priority": 5,
        }  # fmt: skip
        name = "mine" if mine else "other"

        def job(ended: str, **more: Any) -> Any:
            return builders.job(f"{name}-{ended}", **given | more)  # noqa: B023

        for ended, came_to in (
            ("completed", builders.success()),
            ("failed", builders.discard()),
            ("retrying", builders.failure(delay=60)),
        ):
            await gopher.submit_many([job(ended)])
            told = b'{"outcome":"failed","error":"%s"}' % (b"no answer from 10.0.0.1" if mine else b"full")
            await end(gopher, await take(gopher), came_to, b"" if ended == "completed" else told)
        await gopher.submit_many([job("running")])
        await take(gopher)
        await gopher.submit_many([job("cancelled")])
        await gopher.cancel("default", [f"{name}-cancelled"])
        await gopher.submit_many([job("scheduled", delay=60), job("blocked", after=[f"{name}-scheduled"])])
    await gopher.submit_many(
        [builders.job("mine-waits", **given), builders.job("elsewhere", queue="slow", type="mine")]
    )
    await a_moment_later(gopher)  # all of them are old enough


@pytest.mark.parametrize("criterion", CRITERIA)
async def test_an_action_on_a_filter_sees_the_jobs_that_its_list_shows(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch, criterion: str
) -> None:
    await mine_and_others(gopher)
    wanted, seen = CRITERIA[criterion], set[str]()

    async def see(core: Core, action: Action, queue: str, *rest: Any) -> dict[Answer, int]:
        _, ids, *_ = rest
        seen.update(ids)
        return {}

    monkeypatch.setattr(bulk, "do_to", see)
    listed = await gopher.jobs(wanted)
    assert listed
    for deed, action in PLAIN.items():
        seen.clear()
        expected = {row.id for row in listed if row.state in action.states}
        if criterion == "group" and not expected:
            with pytest.raises(Usage, match="a group has dead jobs only"):
                await gopher.bulk(action, wanted)
            continue
        counts, _ = await gopher.tally(action, wanted)
        await gopher.bulk(action, wanted)

        assert expected or criterion == "older_than", deed  # what waits for a moment is of the future
        assert (seen, sum(counts.values())) == (expected, len(expected)), deed


async def test_who_purges_a_group_keeps_the_jobs_that_live_on(gopher: Gopher) -> None:
    await mine_and_others(gopher)

    step = await gopher.bulk(DELETE, CRITERIA["group"])

    assert step.changed == 1
    assert await gopher.place_of("default", "mine-failed") == ""
    assert await state(gopher, "mine-retrying") == "retrying"
    both = msgspec.structs.replace(CRITERIA["group"], states=("retrying",))
    assert (await gopher.bulk(DELETE, both)).changed == 1  # who names the state means them


async def test_a_deed_in_one_piece_means_the_same_jobs(gopher: Gopher) -> None:
    made = await in_every_state(gopher)

    again = await gopher.retry_all(ALL)
    assert (again.changed, again.left) == (2, {})
    assert {await state(gopher, made[name]) for name in ("failed", "retrying")} == {"enqueued"}

    assert sum((await gopher.count(ALL)).values()) == (await gopher.purge(ALL)).changed == len(made) - 1
    assert await state(gopher, made["processing"]) == "processing"


async def test_a_slow_rate_is_kept_without_waiting_longer_than_was_asked_for(gopher: Gopher) -> None:
    await gopher.submit_many([builders.job() for _ in range(3)])
    await end(gopher, await take(gopher, 3), builders.discard())

    first = await gopher.bulk(RETRY, ALL, rate=1 / 60, seconds=1)
    soon = await gopher.bulk(RETRY, ALL, rate=1 / 60, seconds=1, cursor=first.cursor)
    since, free_at, passed = soon.cursor.split(".")
    later = f"{since}.{int(free_at) - 60_000}.{passed}"  # a minute has gone by
    third = await gopher.bulk(RETRY, ALL, rate=1 / 60, seconds=1, cursor=later)

    assert (first.changed, soon.changed, third.changed) == (1, 0, 1)
    assert 0 < soon.retry_after <= first.retry_after <= 60


async def test_a_short_wait_for_the_rate_is_part_of_a_step(gopher: Gopher) -> None:
    await gopher.submit_many([builders.job() for _ in range(3)])
    await end(gopher, await take(gopher, 3), builders.discard())

    step = await gopher.bulk(RETRY, ALL, rate=1.9, seconds=30)  # one at a time

    assert (step.changed, step.cursor, step.retry_after) == (3, "", 0.0)


@pytest.mark.parametrize("rate", [5e-324, 1e-9])
async def test_a_rate_of_nearly_nothing_is_no_error(gopher: Gopher, rate: float) -> None:
    await gopher.submit_many([builders.job() for _ in range(2)])
    await end(gopher, await take(gopher, 2), builders.discard())

    step = await gopher.bulk(RETRY, ALL, rate=rate, seconds=1)

    assert (step.changed, step.retry_after > 86400) == (1, True)
