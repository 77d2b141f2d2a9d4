"""Running dead jobs again: none is lost on its way to another queue, and none comes round twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import builders
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Usage
from gopher_cli.model.select.actions import Answer
from gopher_cli.model.select.bulk import words_of
from gopher_cli.model.select.filter import Filter
from gopher_cli.store import calls
from gopher_cli.verbs.bulk import bulk
from gopher_cli.verbs.core import Core
from verbs.bulk.test_bulk import a_moment_later

pytestmark = pytest.mark.anyio

DEAD = Filter(states=("failed",))


async def fail(
    gopher: Gopher, count: int, queue: str = "default", *, delay: float | None = None, now: str = ""
) -> list[str]:
    """The next jobs of a queue run once and die, or retry after a delay; their ids."""
    batch = await gopher.reserve(
        queue,
        worker="w.0",
        token=f"w.0:{next(builders._numbers)}",
        sequence=next(builders._numbers),
        count=count,
        now=now,
    )
    came_to = builders.discard() if delay is None else builders.failure(delay=delay)
    if batch.leases:
        await gopher.settle("w.0", [builders.settlement(lease, came_to) for lease in batch.leases], now=now)
    return [lease.id for lease in batch.leases]


async def dead(gopher: Gopher, count: int, queue: str = "default", **given: Any) -> list[str]:
    jobs = [builders.job(queue=queue, payload=n, **given) for n in range(count)]
    await gopher.submit_many(jobs)
    return await fail(gopher, count, queue)


async def states(gopher: Gopher, queue: str, ids: Sequence[str]) -> list[str]:
    return [(await gopher.inspect(queue, id)).state for id in ids]


async def ready(gopher: Gopher, queue: str) -> int:
    return (await gopher.depth(queue)).sizes["ready_normal"]


async def test_a_move_into_the_queue_where_it_is_runs_the_job_again(gopher: Gopher) -> None:
    ids = await dead(gopher, 2)

    assert builders.words(await gopher.move("default", ids, "default")) == dict.fromkeys(ids, "enqueued")
    assert await states(gopher, "default", ids) == ["enqueued", "enqueued"]


async def test_all_the_dead_of_all_queues_move_into_one_of_these(gopher: Gopher) -> None:
    await dead(gopher, 2, "x")
    await dead(gopher, 3, "y")

    done = await gopher.retry_all(DEAD, target="x")

    assert (done.changed, done.left, await ready(gopher, "x")) == (5, {}, 5)
    assert (await gopher.depth("y")).sizes["failed"] == 0


@pytest.mark.parametrize("payload", ["another", 0])
async def test_a_job_whose_id_another_job_has_there_is_not_deleted(gopher: Gopher, payload: Any) -> None:
    before = str(builders.NOW)
    call = calls.submit(
        gopher.keys("slow"), [builders.job("nightly", queue="slow", payload=payload)], now=before
    )
    await gopher.announce(["slow"])
    await gopher.store.run(call)
    await gopher.submit_many([builders.job("nightly", payload=0)])
    await fail(gopher, 1)

    assert builders.words(await gopher.move("default", ["nightly"], "slow")) == {"nightly": "taken"}
    assert await states(gopher, "default", ["nightly"]) == ["failed"]


async def test_a_job_whose_unique_key_is_held_there_is_not_deleted(gopher: Gopher) -> None:
    ids = await dead(gopher, 1, unique_key="k")
    await gopher.submit("x", queue="slow", unique_key="k")

    assert builders.words(await gopher.move("default", ids, "slow")) == {ids[0]: "locked"}
    assert await states(gopher, "default", ids) == ["failed"]


async def test_a_move_takes_dead_jobs_alone(gopher: Gopher) -> None:
    id = await gopher.submit("x")

    assert builders.words(await gopher.move("default", [id, "nobody"], "slow")) == {
        id: "gone",
        "nobody": "gone",
    }
    assert (await states(gopher, "default", [id]), await ready(gopher, "slow")) == (["enqueued"], 0)
    with pytest.raises(Usage, match="only dead jobs"):
        await gopher.retry_all(Filter(states=("retrying", "failed")), target="slow")


async def test_a_job_that_cannot_be_read_does_not_stop_a_move(gopher: Gopher, redis: Any) -> None:
    ids = await dead(gopher, 3)
    redis.hset(gopher.keys("default")["spec"], ids[1], b"torn")

    done = await gopher.retry_all(DEAD, target="slow")

    assert (done.changed, words_of(done.left)) == (2, {"unreadable": 1})
    assert await states(gopher, "slow", [ids[0], ids[2]]) == ["enqueued", "enqueued"]
    assert await states(gopher, "default", [ids[1]]) == ["failed"]


async def test_a_move_takes_a_few_round_trips_for_many_jobs(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await dead(gopher, 400)
    trips: list[str] = []
    run = gopher.store.run

    async def counted(call: Any, lane: str = "main") -> Any:
        trips.append(call.script.name)
        return await (run(call, lane) if lane != "main" else run(call))

    monkeypatch.setattr(gopher.store, "run", counted)
    done = await gopher.retry_all(DEAD, target="slow")

    assert done.changed == 1200
    assert trips == ["move_out", "accept"] * 3


@pytest.mark.parametrize("target", ["", "default"])
async def test_a_job_that_dies_again_at_once_is_requeued_once(gopher: Gopher, target: str) -> None:
    ids = await dead(gopher, 3)

    done = await _requeue_while_they_fail(gopher, DEAD, target=target)

    assert (done.changed, done.left) == (len(ids), {})
    assert (await gopher.depth("default")).counters["requeued"] == len(ids)


async def test_a_job_that_retries_again_at_once_is_requeued_once(gopher: Gopher) -> None:
    await gopher.submit_many([builders.job() for _ in range(7)])
    await fail(gopher, 7, delay=60.0)

    done = await _requeue_while_they_fail(gopher, Filter(states=("retrying",)), delay=60.0)

    assert done.changed == 7
    assert (await gopher.depth("default")).sizes["retrying"] == 7


async def test_running_all_again_ends_where_some_stand_in_line_already(gopher: Gopher) -> None:
    await gopher.submit_many([builders.job() for _ in range(3)])

    done = await gopher.retry_all(Filter(states=("enqueued",)))

    assert (done.changed, words_of(done.left)) == (0, {"again": 3})


async def _requeue_while_they_fail(
    gopher: Gopher, wanted: Filter, *, target: str = "", delay: float | None = None
) -> Any:
    """Each slice that comes back fails at once, as if its cause had not gone away."""
    back = bulk.retry

    async def and_fail(
        core: Core, queue: str, ids: Sequence[str], *, source: str = "any"
    ) -> dict[str, Answer]:
        await a_moment_later(gopher)
        words = await back(core, queue, ids, source=source)
        await fail(gopher, 500, queue, delay=delay)
        return words

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "retry", and_fail)
        return await gopher.retry_all(wanted, target=target)


async def test_a_list_has_the_newest_of_all_places_first(gopher: Gopher) -> None:
    async def put(id: str, at: int, **given: Any) -> None:
        await gopher.announce(["default"])
        job = builders.job(id, **given)
        await gopher.store.run(calls.submit(gopher.keys("default"), [job], now=str(builders.NOW + at)))

    await put("dead", 0)
    await fail(gopher, 1, now=str(builders.NOW + 200))
    for n in range(10):
        await put(f"line-{n}", 100 + n, priority=n)
    await put("later", 150, delay=3600)
    await put("last", 300, priority=10)

    newest = [row.id for row in await gopher.jobs(Filter(), limit=4)]
    oldest = [row.id for row in await gopher.jobs(Filter(), limit=2, newest=False)]

    assert newest == ["last", "dead", "later", "line-9"]
    assert oldest == ["line-0", "line-1"]
    assert len(await gopher.jobs(Filter(), limit=0)) == 13
