"""Follow-ups are carried to their queues: each once, in order, and none is in the way of another."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import builders
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError, Unavailable
from gopher_cli.model.job.job import Job, Lease
from gopher_cli.model.select.actions import DELETE
from gopher_cli.store.asks import outbox
from gopher_cli.store.asks.outbox import encode_follow_ups
from gopher_cli.store.codec import encode_job

pytestmark = pytest.mark.anyio

LATER = str(round(time.time() * 1000) + 2 * builders.hour)  # all that has completed by now is over
_fetches = count(1)


async def leased(gopher: Gopher, queue: str = "default", many: int = 1) -> list[Lease]:
    number = next(_fetches)
    fetch = {"worker": f"w{number}", "token": f"w{number}:1:t", "sequence": number, "count": many}
    return (await gopher.reserve(queue, **fetch)).leases


async def complete(gopher: Gopher, *follow_ups: Job, queue: str = "default", carry: bool = True) -> str:
    """The next job of a queue completes, with these follow-ups."""
    (lease,) = await leased(gopher, queue)
    item = builders.settlement(lease, follow_ups=encode_follow_ups(follow_ups))
    await gopher.settle(lease.worker, [item], carry=carry)
    return lease.id


async def parent_of(gopher: Gopher, *follow_ups: Job, carry: bool = True) -> None:
    await gopher.submit("parent")
    await complete(gopher, *follow_ups, carry=carry)


async def run_all(gopher: Gopher, queue: str) -> list[str]:
    """All that is ready completes, and is kept no longer."""
    leases = await leased(gopher, queue, 500)
    for lease in leases:
        await gopher.settle(lease.worker, [builders.settlement(lease)])
    await gopher.expire(queue, now=LATER if leases else "")
    return [lease.id for lease in leases]


def counted(redis: Redis, gopher: Gopher, queue: str, name: str = "enqueued") -> int:
    return int(redis.hget(gopher.keys(queue)["counters"], name) or 0)


def waiting(redis: Redis, gopher: Gopher, queue: str = "default") -> int:
    return int(redis.hlen(gopher.keys(queue)["outbox"]))


async def state(gopher: Gopher, queue: str, id: str) -> str:
    return (await gopher.inspect(queue, id)).state


@pytest.fixture
def bad(gopher: Gopher, redis: Redis) -> Any:
    """A queue that refuses whatever is stored in it."""
    redis.set(gopher.keys("bad")["spec"], "x")
    yield "bad"
    if redis.type(gopher.keys("bad")["spec"]) == b"string":
        redis.delete(gopher.keys("bad")["spec"])


async def test_a_follow_up_runs_once_however_long_the_queue_of_another_is_out_of_reach(
    gopher: Gopher, redis: Redis, bad: str
) -> None:
    await parent_of(gopher, builders.job("stuck", queue=bad), *(builders.job(queue="good") for _ in range(5)))
    ran = []
    for _ in range(3):
        ran += await run_all(gopher, "good")
        with pytest.raises(GopherError):
            await gopher.relay("default")

    assert len(ran) == 5 == counted(redis, gopher, "good")
    assert waiting(redis, gopher) == 1


async def test_what_cannot_be_delivered_hides_nothing_behind_it(
    gopher: Gopher, redis: Redis, bad: str
) -> None:
    await parent_of(gopher, *(builders.job(queue=queue) for _ in range(450) for queue in (bad, "good")))

    assert counted(redis, gopher, "good") == 450
    assert waiting(redis, gopher) == 450
    redis.delete(gopher.keys(bad)["spec"])
    assert await gopher.relay("default") == 450
    assert waiting(redis, gopher) == 0


async def test_a_carrier_that_dies_before_the_outbox_has_let_go_causes_no_second_run(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes until somebody goes on: the child has come, run, and is kept no longer."""
    await parent_of(gopher, builders.job("child", queue="good"), carry=False)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "drop", _die)
        with pytest.raises(Unavailable):
            await gopher.relay("default")

    leases = await leased(gopher, "good")
    await gopher.settle(leases[0].worker, [builders.settlement(leases[0], retention=0)])
    assert await gopher.relay("default") == 1
    assert counted(redis, gopher, "good") == 1 and not await leased(gopher, "good")
    assert waiting(redis, gopher) == 0


def _die(*_: Any) -> Any:
    raise Unavailable("gone")


async def test_a_second_carrier_that_stood_still_brings_nothing_again(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await parent_of(gopher, builders.job("child", queue="good"), carry=False)
    whole = gopher.announce

    async def another_is_faster(queues: Any) -> None:
        monkeypatch.setattr(gopher, "announce", whole)
        assert await gopher.relay("default") == 1
        (lease,) = await leased(gopher, "good")
        await gopher.settle(lease.worker, [builders.settlement(lease, retention=0)])

    monkeypatch.setattr(gopher, "announce", another_is_faster)
    await gopher.relay("default")

    assert counted(redis, gopher, "good") == 1 and not await leased(gopher, "good")


async def test_a_later_follow_up_with_the_id_of_one_that_is_over_is_accepted(
    gopher: Gopher, redis: Redis
) -> None:
    for _ in range(2):
        await parent_of(gopher, builders.job("nightly", queue="good"))
        (lease,) = await leased(gopher, "good")
        await gopher.settle(lease.worker, [builders.settlement(lease, retention=0)])

    assert counted(redis, gopher, "good") == 2


async def test_what_was_brought_is_remembered_no_longer_than_it_must(gopher: Gopher, redis: Redis) -> None:
    await parent_of(gopher, *(builders.job(queue="good") for _ in range(450)))
    assert redis.zcard(gopher.keys("good")["carried"]) == 450

    await gopher.expire("good", now=LATER)
    assert redis.zcard(gopher.keys("good")["carried"]) == 0


def chain(*queues: str) -> list[Job]:
    """Each waits for the one before."""
    jobs: list[Job] = []
    for n, queue in enumerate(queues):
        jobs.append(builders.job(f"step-{n}", queue=queue, after=[jobs[-1].id] if jobs else []))
    return jobs


async def test_follow_ups_of_one_queue_run_in_the_order_of_their_chain(gopher: Gopher, redis: Redis) -> None:
    await parent_of(gopher, *chain(*["other"] * 6))
    ran = [await run_all(gopher, "other") for _ in range(6)]

    assert ran == [[f"step-{n}"] for n in range(6)]
    assert waiting(redis, gopher) == 0


async def test_the_order_in_which_a_handler_names_them_does_not_matter(gopher: Gopher) -> None:
    await parent_of(gopher, *reversed(chain(*["other"] * 6)))

    assert [await run_all(gopher, "other") for _ in range(6)] == [[f"step-{n}"] for n in range(6)]


async def test_a_chain_over_several_pages_of_the_outbox_is_in_order(gopher: Gopher, redis: Redis) -> None:
    """So many that siblings are read far apart."""
    names = [f"{n}-{step}" for n in range(150) for step in range(6)]
    await gopher.submit_many([builders.job(type="parent") for _ in range(150)])
    for n in range(150):
        steps = [
            builders.job(f"{n}-{step}", queue="other", after=[f"{n}-{step - 1}"] if step else [])
            for step in range(6)
        ]
        await complete(gopher, *steps, carry=False)
    assert await gopher.relay("default") == len(names)

    for step in range(6):
        assert sorted(await run_all(gopher, "other")) == sorted(f"{n}-{step}" for n in range(150))


async def test_a_chain_that_alternates_between_queues_runs_in_order(gopher: Gopher, redis: Redis) -> None:
    await parent_of(gopher, *chain(*["x", "y"] * 3))
    for n in range(6):
        here, there = ("x", "y") if n % 2 == 0 else ("y", "x")
        assert not await leased(gopher, there)
        assert await run_all(gopher, here) == [f"step-{n}"]  # what was awaited is kept no longer
    await gopher.relay("default")

    assert waiting(redis, gopher) == 0
    assert not redis.zcard(gopher.keys("x")["awaited"]) and not redis.zcard(gopher.keys("y")["awaited"])


async def test_a_chain_goes_on_after_the_carrier_was_away_for_long(gopher: Gopher, redis: Redis) -> None:
    await parent_of(gopher, *chain("x", "y"))
    (lease,) = await leased(gopher, "x")
    await gopher.settle(lease.worker, [builders.settlement(lease, retention=0)], carry=False)
    await gopher.relay("default")

    assert await run_all(gopher, "y") == ["step-1"]


@pytest.mark.parametrize("end", ["purged", "cancelled", "cancelled and kept no longer"])
async def test_a_follow_up_whose_sibling_in_another_queue_ended_otherwise_is_dead_and_says_why(
    gopher: Gopher, redis: Redis, end: str
) -> None:
    await parent_of(gopher, *chain("x", "y"))
    assert waiting(redis, gopher) == 2
    if end == "purged":
        await gopher.do_to(DELETE, "x", "ready_normal", ["step-0"], "")
    else:
        await gopher.cancel("x", ["step-0"])
        await gopher.expire("x", now=LATER if "no longer" in end else "")
    await gopher.relay("default")

    found = await gopher.inspect("y", "step-1")
    assert found.state == "failed"
    assert found.history[-1].error == "it waits for step-0 of the queue x, which was cancelled or deleted"
    assert waiting(redis, gopher) == 0
    assert builders.words(await gopher.retry("y", ["step-1"])) == {"step-1": "enqueued"}


async def test_a_follow_up_waits_on_while_its_sibling_in_another_queue_has_failed(
    gopher: Gopher, redis: Redis
) -> None:
    await parent_of(gopher, *chain("x", "y"))
    (lease,) = await leased(gopher, "x")
    await gopher.settle(lease.worker, [builders.settlement(lease, builders.discard())])
    await gopher.relay("default")
    assert waiting(redis, gopher) == 2

    await gopher.retry("x", ["step-0"])
    await run_all(gopher, "x")
    assert await run_all(gopher, "y") == ["step-1"]


async def test_a_follow_up_as_an_older_gopher_has_left_it_is_carried(gopher: Gopher, redis: Redis) -> None:
    await gopher.announce(["default"])
    job = builders.job("child", queue="good", delay=5.0)
    redis.hset(gopher.keys("default")["outbox"], "child", encode_job(job))

    assert await gopher.relay("default") == 1
    assert await state(gopher, "good", "child") == "scheduled"
    assert waiting(redis, gopher) == 0


async def test_a_follow_up_of_a_job_that_nobody_has_seen_is_dead_and_says_why(gopher: Gopher) -> None:
    """Its worker could not look whether the job that it waits for is there."""
    await gopher.submit("parent")
    (lease,) = await leased(gopher)
    follow_ups = encode_follow_ups([builders.job("child", queue="good", after=["nobody"])], unsure=True)
    await gopher.settle(lease.worker, [builders.settlement(lease, follow_ups=follow_ups)])

    found = await gopher.inspect("good", "child")
    assert found.state == "failed"
    assert found.history[-1].error == "it waits for nobody, which is not in this queue"
