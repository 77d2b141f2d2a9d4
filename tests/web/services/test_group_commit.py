"""Group commit: who comes at the same time goes together, and nobody pays for another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import TryLater, Unavailable
from gopher_cli.model.job.job import Job
from gopher_cli.model.job.make import make_job
from gopher_cli.store.calls import Receipt
from gopher_cli.web.services.group_commit import GroupCommit

pytestmark = pytest.mark.anyio


class Slow:
    """Stands before a Gopher: holds each call until `go`, and remembers what it was given."""

    def __init__(self, gopher: Gopher) -> None:
        self.defaults, self._gopher = gopher.defaults, gopher
        self.calls: list[tuple[list[str], str]] = []
        self.go = asyncio.Event()
        self.fails: Callable[[list[Job]], Exception | None] = lambda _: None

    async def submit_many(self, jobs: list[Job], *, durability: str = "") -> list[Receipt]:
        self.calls.append(([job.id for job in jobs], durability))
        await self.go.wait()
        if error := self.fails(jobs):
            raise error
        return await self._gopher.submit_many(jobs)


@pytest.fixture
def slow(gopher: Gopher) -> Slow:
    return Slow(gopher)


@pytest.fixture
def commit(slow: Slow) -> GroupCommit:
    return GroupCommit(slow, 5.0)  # type: ignore[arg-type]


def jobs(count: int, **more: Any) -> list[Job]:
    return [make_job("t", **more) for _ in range(count)]


async def begun(commit: GroupCommit, some: list[Job], durability: str = "") -> list[asyncio.Task[Receipt]]:
    """All of them wait, the first few are on their way."""
    tasks = [asyncio.create_task(commit.submit(job, durability)) for job in some]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_while_one_call_is_on_its_way_the_next_ones_gather(commit: GroupCommit, slow: Slow) -> None:
    first = await begun(commit, jobs(1))
    more = await begun(commit, some := jobs(40))
    slow.go.set()

    receipts = await asyncio.gather(*first, *more)

    assert all(receipt.accepted for receipt in receipts)
    assert [len(ids) for ids, _ in slow.calls] == [1, 40]
    assert [receipt.id for receipt in receipts[1:]] == slow.calls[1][0] == [job.id for job in some]


async def test_each_hears_what_became_of_its_own(commit: GroupCommit, slow: Slow) -> None:
    job = make_job("t")
    slow.go.set()

    receipts = await asyncio.gather(*await begun(commit, [make_job("t"), job, job, make_job("t")]))

    assert [receipt.accepted for receipt in receipts] == [True, True, False, True]


async def test_levels_and_queues_go_apart(commit: GroupCommit, slow: Slow) -> None:
    tasks = await begun(commit, jobs(2))
    tasks += await begun(commit, jobs(2), "fsync")
    tasks += await begun(commit, jobs(2, queue="other"))
    slow.go.set()
    await asyncio.gather(*tasks)

    assert [(len(ids), level) for ids, level in slow.calls] == [(2, "memory"), (2, "fsync"), (2, "memory")]


async def test_one_call_takes_500_jobs_and_four_megabytes(commit: GroupCommit, slow: Slow) -> None:
    slow.go.set()
    await asyncio.gather(*await begun(commit, jobs(1100)))
    counts = [len(ids) for ids, _ in slow.calls]
    slow.calls.clear()
    await asyncio.gather(*await begun(commit, jobs(10, payload="x" * 900_000)))

    assert max(counts) == 500 and sum(counts) == 1100
    assert max(len(ids) for ids, _ in slow.calls) == 4


async def test_who_hangs_up_disturbs_nobody_and_what_was_not_sent_never_is(
    commit: GroupCommit, slow: Slow
) -> None:
    first = await begun(commit, jobs(1))
    (gone, stays) = await begun(commit, some := jobs(2))
    gone.cancel()
    first[0].cancel()
    await asyncio.sleep(0)
    slow.go.set()

    assert (await stays).accepted
    assert slow.calls[1][0] == [some[1].id]


async def test_an_error_of_the_call_reaches_each_of_its_requests(commit: GroupCommit, slow: Slow) -> None:
    slow.fails = lambda _: Unavailable("Redis does not answer")
    slow.go.set()

    heard = await asyncio.gather(*await begun(commit, jobs(3)), return_exceptions=True)
    slow.fails = lambda _: None

    assert [type(one) for one in heard] == [Unavailable] * 3
    assert (await commit.submit(make_job("t"), "")).accepted


async def test_a_job_that_breaks_the_call_breaks_it_for_itself_alone(commit: GroupCommit, slow: Slow) -> None:
    some = jobs(3)
    slow.fails = lambda mine: RuntimeError("broken") if some[1] in mine else None
    slow.go.set()

    heard = await asyncio.gather(*await begun(commit, some), return_exceptions=True)

    assert [isinstance(one, Receipt) for one in heard] == [True, False, True]


async def test_too_many_that_wait_are_asked_to_come_again(
    commit: GroupCommit, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.web.services.group_commit._MOST", 10)
    waiting = await begun(commit, jobs(10))

    with pytest.raises(TryLater, match="10 submits wait"):
        await commit.submit(make_job("t"), "")
    slow.go.set()
    await asyncio.gather(*waiting)

    assert (await commit.submit(make_job("t"), "")).accepted


async def test_nobody_waits_longer_than_the_patience_of_a_client(
    commit: GroupCommit, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as soon:
        soon.setattr("gopher_cli.web.services.group_commit.PATIENCE", 0.05)
        heard = await asyncio.gather(*await begun(commit, jobs(3)), return_exceptions=True)

    assert [type(one) for one in heard] == [Unavailable] * 3
    slow.go.set()
    assert (await commit.submit(make_job("t"), "")).accepted


async def test_who_hangs_up_while_a_broken_call_is_taken_apart_is_not_sent(
    commit: GroupCommit, slow: Slow
) -> None:
    some = jobs(3)
    slow.fails = lambda mine: RuntimeError("broken") if len(mine) > 1 else None
    tasks = await begun(commit, some)
    tasks[2].cancel()
    await asyncio.sleep(0)
    slow.go.set()

    await asyncio.gather(*tasks, return_exceptions=True)

    assert [ids for ids, _ in slow.calls] == [[job.id for job in some], [some[0].id], [some[1].id]]


async def test_many_queues_do_not_open_as_many_calls(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gopher_cli.web.services.group_commit._CALLS", 4)
    commit = GroupCommit(slow, 5.0)  # type: ignore[arg-type]
    tasks = list[asyncio.Task[Receipt]]()
    for n in range(20):
        tasks += await begun(commit, jobs(2, queue=f"q{n}"))
    assert len(slow.calls) == 4
    tasks[-1].cancel()
    await asyncio.sleep(0)
    slow.go.set()

    heard = await asyncio.gather(*tasks, return_exceptions=True)

    assert [isinstance(one, Receipt) and one.accepted for one in heard] == [True] * 39 + [False]
    assert [len(ids) for ids, _ in slow.calls] == [2] * 19 + [1]
