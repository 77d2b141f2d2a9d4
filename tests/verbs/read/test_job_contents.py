"""What many jobs hold, read for each queue among them."""

from __future__ import annotations

import pytest
from redis import Redis

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio


async def test_specs_are_told_of_jobs_in_several_queues_and_of_none_that_is_gone_or_unreadable(
    gopher: Gopher, redis: Redis
) -> None:
    mail = await gopher.submit("mail", {"to": "ann"}, queue="mail")
    report = await gopher.submit("report", tags=["t"])
    broken = await gopher.submit("mail")
    redis.hset(gopher.keys("default")["spec"], broken, "not a spec")
    jobs = [("mail", mail), ("default", report), ("default", broken), ("mail", "gone")]

    found = await gopher.specs(jobs)

    assert set(found) == set(jobs)
    types = [spec.type if spec else None for spec in map(found.__getitem__, jobs)]
    assert types == ["mail", "report", None, None]


async def test_more_jobs_than_one_read_takes_are_told_of_whole(gopher: Gopher) -> None:
    jobs = [("default", f"none-{n}") for n in range(501)]

    assert list(await gopher.specs(jobs)) == jobs


async def test_what_is_due_next_comes_first_whatever_its_queue_and_no_more_than_asked(gopher: Gopher) -> None:
    far = await gopher.submit("t", delay=300)
    near = await gopher.submit("t", delay=100, queue="mail")
    middle = await gopher.submit("t", delay=200)
    await gopher.submit("t")

    rows = await gopher.due_next(2)

    assert [(row.queue, row.id, row.state) for row in rows] == [
        ("mail", near, "scheduled"), ("default", middle, "scheduled"),
    ]  # fmt: skip
    assert [row.id for row in await gopher.due_next(9)] == [near, middle, far]


async def test_only_jobs_that_have_died_of_lost_workers_count_as_poison(gopher: Gopher) -> None:
    poison, fine = await gopher.submit("t", max_retries=0), await gopher.submit("t")
    for n in range(gopher.defaults.max_losses):
        await gopher.reserve("default", worker=f"w.{n}", token=f"w.{n}:t", sequence=1)
        await gopher.release("default", f"w.{n}", [poison])
    assert (await gopher.inspect("default", poison)).state == "failed"

    assert await gopher.count_poison([("default", poison), ("default", fine), ("mail", "gone")]) == 1
