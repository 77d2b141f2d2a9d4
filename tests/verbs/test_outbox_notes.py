"""What a queue remembers of follow-ups that were brought: for each outbox, as long as it needs it."""

from __future__ import annotations

import time

import anyio
import builders
import msgspec
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.select.actions import DELETE
from gopher_cli.store.asks.outbox import encode_follow_ups
from gopher_cli.worker.execution.follow_ups import Chained, checked
from verbs.test_outbox import chain, complete, counted, leased, parent_of, run_all, waiting

pytestmark = pytest.mark.anyio


async def test_follow_ups_of_one_id_in_two_outboxes_both_go_on_when_it_has_completed(
    gopher: Gopher, redis: Redis
) -> None:
    """That the first outbox has no more need of it hides nothing from the second."""
    for queue, last in (("default", "b1"), ("other", "b2")):
        await gopher.submit("parent", queue=queue)
        steps = [builders.job("step", queue="x"), builders.job(last, queue="y", after=["step"])]
        await complete(gopher, *steps, queue=queue)
        await gopher.relay(queue)
    (lease,) = await leased(gopher, "x")
    await gopher.settle(lease.worker, [builders.settlement(lease, retention=0)], carry=False)

    with anyio.fail_after(30):
        await gopher.relay("default")
        await gopher.relay("other")

    assert await run_all(gopher, "y") == ["b1", "b2"]
    assert not waiting(redis, gopher) and not waiting(redis, gopher, "other")
    assert counted(redis, gopher, "x") == 1


async def test_a_follow_up_whose_id_was_there_before_runs_no_second_time_and_holds_nobody_up(
    gopher: Gopher, redis: Redis
) -> None:
    await gopher.submit_many([builders.job("step", queue="x")])
    await parent_of(gopher, builders.job("step", queue="x"), builders.job("last", queue="y", after=["step"]))
    (lease,) = await leased(gopher, "x")
    await gopher.settle(lease.worker, [builders.settlement(lease, retention=0)], carry=False)
    await gopher.relay("default")

    assert await run_all(gopher, "y") == ["last"]
    assert counted(redis, gopher, "x") == 1
    assert not waiting(redis, gopher)


async def test_a_follow_up_is_brought_once_however_long_another_waits_for_it(
    gopher: Gopher, redis: Redis
) -> None:
    """The queue remembers it for a month: it is renewed while the outbox keeps it."""
    await parent_of(gopher, *chain("x", "y"))
    keys, (name,) = gopher.keys("x"), redis.zrange(gopher.keys("x")["carried"], 0, -1)
    soon = round(time.time() * 1000) + builders.hour
    redis.zadd(keys["carried"], {name: soon})
    redis.zadd(keys["awaited"], {"step-0": soon})
    await gopher.relay("default")

    assert redis.zscore(keys["carried"], name) > soon + builders.hour
    assert redis.zscore(keys["awaited"], "step-0") > soon + builders.hour


@pytest.mark.parametrize("end", ["completed", "cancelled", "purged"])
async def test_a_follow_up_runs_only_if_the_job_that_it_waits_for_was_not_lost_before_it_came(
    gopher: Gopher, end: str
) -> None:
    await gopher.submit_many([builders.job("other", queue="x")])
    await gopher.submit("parent")
    (lease,) = await leased(gopher)
    jobs = [builders.job("child", queue="x", after=["other"])]
    whole = msgspec.structs.asdict(builders.settlement(lease, follow_ups=encode_follow_ups(jobs)))
    item = await checked(gopher, Chained(**whole, jobs=jobs, otherwise=pytest.fail))
    await gopher.settle(lease.worker, [item], carry=False)
    if end == "completed":
        (other,) = await leased(gopher, "x")
        await gopher.settle(other.worker, [builders.settlement(other, retention=0)])
    elif end == "purged":
        await gopher.do_to(DELETE, "x", "ready_normal", ["other"], "")
    else:
        await gopher.cancel("x", ["other"])
        await gopher.delete("x", ["other"])
    await gopher.relay("default")

    found = await gopher.inspect("x", "child")
    if end == "completed":
        assert found.state == "enqueued"
    else:
        assert found.state == "failed"
        assert found.history[-1].error == "it waits for other, which was cancelled or deleted"
