"""Pages: every job comes exactly once, in the order of time, whatever comes and goes meanwhile."""

from __future__ import annotations

import random
from typing import Any

import builders
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.job_view import JobRow
from gopher_cli.store.asks.ranges import Mark
from gopher_cli.verbs.select import scan
from gopher_cli.verbs.select.merge import Cursor

pytestmark = pytest.mark.anyio

ALL = Filter()


async def ids_of(gopher: Gopher, wanted: Filter = ALL, *, limit: int = 3, newest: bool = True) -> list[str]:
    """A whole list, page by page."""
    return [row.id for row in await rows_of(gopher, wanted, limit=limit, newest=newest)]


async def rows_of(gopher: Gopher, wanted: Filter, *, limit: int, newest: bool = True) -> list[JobRow]:
    rows, cursor = list[JobRow](), ""
    while True:
        page = await gopher.page(wanted, limit=limit, cursor=cursor, newest=newest)
        rows += page.rows
        cursor = page.next_cursor
        assert len(page.rows) <= limit
        if not cursor:
            return rows


async def submit(gopher: Gopher, count: int, **given: Any) -> list[str]:
    """Jobs a millisecond apart."""
    made = []
    for n in range(count):
        job = builders.job(**given)
        await gopher.submit_many([job], now=str(builders.NOW + n))
        made.append(job.id)
    return made


@pytest.mark.parametrize("newest", [True, False])
async def test_pages_of_all_states_and_queues_tell_every_job_once_in_the_order_of_time(
    gopher: Gopher, newest: bool
) -> None:
    expected = []
    for n in range(40):
        queue, priority = ("mail", "default")[n % 2], (9, 7, 5, 1)[n % 4]
        job = builders.job(queue=queue, priority=priority, delay=60 if n % 5 == 0 else 0)
        await gopher.submit_many([job], now=str(builders.NOW + n))
        expected.append(job.id)

    found = await ids_of(gopher, limit=7, newest=newest)

    assert found == (expected[::-1] if newest else expected)


@pytest.mark.parametrize("newest", [True, False])
async def test_jobs_of_one_score_are_told_apart_by_their_ids_even_when_the_last_one_has_gone(
    gopher: Gopher, newest: bool
) -> None:
    jobs = [builders.job(f"job-{n:02}", due=builders.NOW / 1000 + 60) for n in range(20)]
    await gopher.submit_many(jobs, now=str(builders.NOW))  # all of one moment
    ids = [job.id for job in jobs]

    seen, cursor = list[str](), ""
    while True:
        page = await gopher.page(ALL, limit=3, cursor=cursor, newest=newest)
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
        await gopher.delete("default", [seen[-1], seen[0]])  # the mark itself, and one before it

    assert seen == (ids[::-1] if newest else ids)


async def test_what_is_inserted_or_taken_away_while_a_list_is_read_shifts_no_other_job(
    gopher: Gopher,
) -> None:
    chance = random.Random(4)
    before = await submit(gopher, 60)
    gone: set[str] = set()
    seen, cursor = list[str](), ""
    while True:
        page = await gopher.page(ALL, limit=5, cursor=cursor)
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
        await gopher.submit_many([builders.job(), builders.job(priority=9)])
        victims = chance.sample(before, 2)
        await gopher.delete("default", victims)
        gone |= set(victims)

    mine = [id for id in seen if id in set(before)]
    assert len(seen) == len(set(seen))
    assert set(before) - gone <= set(mine)
    assert mine == [id for id in reversed(before) if id in set(mine)]


async def test_a_page_that_has_looked_at_enough_answers_what_it_has_and_goes_on(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "LOOKED_AT", 50)
    await submit(gopher, 70)
    (rare,) = await submit(gopher, 1, type="rare")
    await submit(gopher, 70)
    wanted = Filter(text=("rare",))  # a type alone is looked for in the server

    first = await gopher.page(wanted)

    assert (first.rows, bool(first.next_cursor)) == ([], True)
    assert await ids_of(gopher, wanted, limit=50) == [rare]


async def test_many_queues_are_read_one_group_after_the_other(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_LANES", 8)
    monkeypatch.setattr(scan, "_QUEUES", 3)
    expected = set[str]()
    for n in range(5):
        expected |= set(await submit(gopher, 4, queue=f"r{n}"))  # three stretches each: a class's priorities
    assert {row.queue for row in (await gopher.page(ALL, limit=8)).rows} == {"r0", "r1"}

    page = await gopher.page(ALL, limit=5)
    await gopher.submit("x", queue="r0")  # of a group that was read to its end by then
    rest, cursor = [row.id for row in page.rows], page.next_cursor
    while cursor:
        page = await gopher.page(ALL, limit=5, cursor=cursor)
        rest += [row.id for row in page.rows]
        cursor = page.next_cursor

    assert expected <= set(rest) and len(rest) == len(set(rest))


@pytest.mark.parametrize("whole", [True, False])
async def test_the_newest_job_comes_first_however_many_queues_there_are(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    queues = [f"q{n:02}" for n in range(20)] + ["pay"]
    by_time = random.Random(7).sample(queues, len(queues))
    ids = []
    for n, queue in enumerate(by_time):
        job = builders.job(queue=queue)
        await gopher.submit_many([job], now=str(builders.NOW + n))
        ids.append(job.id)
    if whole:  # within one process there are no groups at all
        monkeypatch.setattr(scan, "_LANES", 4)
        newest, oldest = await gopher.jobs(ALL, limit=5), await gopher.jobs(ALL, limit=5, newest=False)
    else:
        newest = (await gopher.page(ALL, limit=5)).rows
        oldest = (await gopher.page(ALL, limit=5, newest=False)).rows

    assert [row.id for row in newest] == ids[:-6:-1]
    assert [row.id for row in oldest] == ids[:5]


async def test_a_queue_that_is_empty_for_a_page_is_read_on_where_it_was(gopher: Gopher) -> None:
    ids = await submit(gopher, 4, queue="a") + await submit(gopher, 4, queue="b")
    first = await gopher.page(ALL, limit=6, newest=False)
    await gopher.delete("a", ids[:4])
    (late,) = await submit(gopher, 1, queue="a")

    rest = await gopher.page(ALL, limit=50, cursor=first.next_cursor, newest=False)

    seen = [row.id for row in [*first.rows, *rest.rows]]
    assert set(ids[4:]) <= set(seen) and len(seen) == len(set(seen)) and late in seen


@pytest.mark.parametrize("cursor", ["x", "é", "AAAA", "=" * 9, "A" * 20_000, "eJyLNtAxAAACvAEd"])
async def test_a_cursor_that_was_not_made_here_is_refused(gopher: Gopher, cursor: str) -> None:
    with pytest.raises(Usage, match="this cursor"):
        await gopher.page(ALL, cursor=cursor)


async def test_a_cursor_of_the_other_order_is_refused(gopher: Gopher) -> None:
    await submit(gopher, 3)
    cursor = (await gopher.page(ALL, limit=1)).next_cursor

    with pytest.raises(Usage, match="other order"):
        await gopher.page(ALL, cursor=cursor, newest=False)


async def test_a_cursor_that_unpacks_to_much_is_not_unpacked() -> None:
    import base64
    import zlib

    bomb = base64.urlsafe_b64encode(zlib.compress(b'[true,"' + b"x" * 10_000_000 + b'"]')).decode()

    with pytest.raises(Usage, match="this cursor"):
        Cursor.read(bomb, newest=True)


async def test_an_unknown_queue_is_not_found(gopher: Gopher) -> None:
    with pytest.raises(NotFound):
        await gopher.page(Filter(queues=("nobody",)))


async def test_a_cursor_has_room_for_a_mark_in_each_stretch_of_a_group() -> None:
    from uuid import uuid4

    passed = Cursor(newest=True, first="queue-000")
    for n in range(scan._LANES):
        mark = Mark(builders.NOW + n * 7919.0, str(uuid4()))
        passed.marks.setdefault(f"queue-{n // 3:03}", {})[str(n % 3)] = mark

    assert Cursor.read(passed.text(), newest=True) == passed
