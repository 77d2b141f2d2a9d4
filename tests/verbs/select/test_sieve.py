"""What the server looks through by itself: the same jobs in the same order, and few that travel."""

from __future__ import annotations

import random
from typing import Any

import builders
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter
from gopher_cli.store import calls
from gopher_cli.store.calls.sieve import GONE, Reach, Sieve
from gopher_cli.verbs.select import merge, scan
from gopher_cli.verbs.select.match import sieve_of

pytestmark = pytest.mark.anyio

FILTERS = [
    Filter(type="a"), Filter(type="rare"), Filter(tag="t1"), Filter(tag='ü"\\'), Filter(id_part="7"),
    Filter(type="b", tag="t1", queues=("one",)), Filter(type="none"), Filter(type="(unreadable)"),
    Filter(type="a", states=("enqueued", "scheduled"), text=("x",)),
]  # fmt: skip


async def fill(gopher: Gopher, count: int = 120) -> None:
    chance = random.Random(7)
    jobs = [
        builders.job(
            f"j{n}", type=chance.choice(["a", "b", "rare"] if n % 40 == 0 else ["a", "b"]),
            queue=chance.choice(["one", "two"]), priority=chance.choice([0, 5, 5, 8, 9]),
            payload={"text": chance.choice(['["rare",', "x", '"t1"'])},
            tags=tuple(chance.sample(["t1", "t11", 'ü"\\'], chance.randint(0, 2))),
            delay=chance.choice([0, 0, 60]),
        )
        for n in range(count)
    ]  # fmt: skip
    await gopher.submit_many(jobs)


async def paged(gopher: Gopher, wanted: Filter, *, newest: bool, limit: int = 7) -> list[str]:
    found, cursor = list[str](), ""
    while True:
        page = await gopher.page(wanted, limit=limit, cursor=cursor, newest=newest)
        found += [row.id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            return found


@pytest.mark.parametrize("newest", [True, False])
async def test_the_server_leaves_out_no_job_that_is_meant_and_keeps_the_order(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch, newest: bool
) -> None:
    await fill(gopher)
    monkeypatch.setattr(merge, "_SLICE", 9)
    for wanted in FILTERS:
        sifted = [row.id for row in await gopher.jobs(wanted, limit=0, newest=newest)]
        pages = await paged(gopher, wanted, newest=newest)
        counted = sum((await gopher.count(wanted)).values())
        with monkeypatch.context() as patch:
            patch.setattr(scan, "sieve_of", lambda _: None)
            expected = [row.id for row in await gopher.jobs(wanted, limit=0, newest=newest)]
        assert sifted == pages == expected and counted == len(expected), wanted


async def test_what_stands_all_the_time_comes_once_whatever_goes_meanwhile(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(gopher)
    monkeypatch.setattr(merge, "_SLICE", 5)
    wanted, chance = Filter(type="a"), random.Random(3)
    before = {row.id: row.queue for row in await gopher.jobs(wanted, limit=0)}
    seen, gone, cursor = list[str](), set[str](), ""
    while True:
        page = await gopher.page(wanted, limit=3, cursor=cursor)
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
        for id in {*chance.sample(sorted(before), 2), *seen[-1:]} - gone:
            await gopher.delete(before[id], [id])
            gone.add(id)

    assert len(seen) == len(set(seen)) and set(before) - gone <= set(seen)


async def test_an_action_on_a_type_meets_all_of_it(gopher: Gopher, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(gopher)
    monkeypatch.setattr(merge, "_SLICE", 9)
    count = sum((await gopher.count(Filter(type="b"))).values())

    assert (await gopher.purge(Filter(type="b"))).changed == count
    assert await gopher.jobs(Filter(type="b"), limit=0) == []
    assert len(await gopher.jobs(Filter(), limit=0)) == 120 - count


async def test_a_page_ends_when_the_server_has_looked_at_enough(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "LOOKED_AT", 20)
    monkeypatch.setattr(scan, "_CHEAP", 1)
    monkeypatch.setattr(merge, "_SLICE", 10)
    jobs = [builders.job(f"j{n}", type="rare" if n == 0 else "x") for n in range(60)]
    await gopher.submit_many(jobs)
    first = await gopher.page(Filter(type="rare"), limit=5)

    assert first.rows == [] and first.next_cursor
    assert await paged(gopher, Filter(type="rare"), newest=True) == ["j0"]


async def test_only_what_is_meant_travels(gopher: Gopher, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(gopher)
    came: list[Any] = []
    ask = gopher.store.ask

    async def heard(one: Any, *rest: Any, **more: Any) -> Any:
        came.extend(command for command in one.commands if command[0] == "HMGET")
        return await ask(one, *rest, **more)

    monkeypatch.setattr(gopher.store, "ask", heard)
    rare = await gopher.jobs(Filter(type="rare"), limit=0)

    assert 0 < len(rare) < 10 and sum(len(command) - 2 for command in came) == 2 * len(rare)


async def test_a_job_to_go_on_behind_that_has_gone_is_told(gopher: Gopher) -> None:
    await gopher.submit_many([builders.job("j")])
    keys = gopher.keys("default")
    reach = Reach("-inf", "+inf", newest=False, after="other", score="5")

    assert (
        await gopher.store.run(calls.filter_jobs(keys, "ready_normal", reach, Sieve(part="j")))
    ).read == GONE


async def test_a_tag_of_one_letter_lets_no_text_through_that_ends_with_it(gopher: Gopher) -> None:
    jobs = [builders.job(f"j{n}", payload={"text": "at"}, tags=("t",) if n == 7 else ()) for n in range(30)]
    await gopher.submit_many(jobs)
    sieve = sieve_of(Filter(tag="t"))
    assert sieve
    keys = gopher.keys("default")
    came = await gopher.store.run(
        calls.filter_jobs(keys, "ready_normal", Reach("-inf", "+inf", newest=False), sieve)
    )

    assert came.read == 30 and [id for id, _, _ in came.rows] == ["j7"]
