"""What counts for a job, and whose word it is; and every reason why it does not run."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.terms import NO_WISHES, HandlerWishes
from gopher_cli.model.select.filter import Filter
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.keyspace import fleet_key, fleet_of

pytestmark = pytest.mark.anyio


async def lives(gopher: Gopher, id: str = "w1", **about: Any) -> None:
    about = {"host": "h", "pid": 7, "state": "running", "queues": ["default"], "types": ["x"]} | about
    later = await gopher.store.ask(ask.time_ms()) + 600_000
    call = calls.beat(fleet_of(gopher.namespace), id, msgspec.json.encode(about), now=str(later))
    await gopher.store.run(call)


async def test_what_the_handler_wants_counts_where_the_submit_says_nothing(gopher: Gopher) -> None:
    gopher.defaults = Defaults(backoff="fixed:7s")  # of the worker
    await gopher.publish_types({"x": b"{}"}, {"x": HandlerWishes(timeout=2.0, retries=0)})
    gopher.defaults = Defaults()  # of who looks
    plain, own = await gopher.submit("x"), await gopher.submit("x", timeout=9.0, max_retries=5)
    other = await gopher.submit("y")

    job = await gopher.inspect("default", plain)
    assert (job.max_retries, job.timeout, job.backoff) == (0, 2.0, "fixed:7s")
    assert job.sources == {"max_retries": "handler", "timeout": "handler", "backoff": "settings"}
    job = await gopher.inspect("default", own)
    assert (job.max_retries, job.timeout) == (5, 9.0)
    assert job.sources == {"max_retries": "submit", "timeout": "submit", "backoff": "settings"}
    job = await gopher.inspect("default", other)
    assert (job.max_retries, job.timeout, set(job.sources.values())) == (3, 300.0, {"settings"})
    listed = {row.id: row.max_retries for row in await gopher.jobs(Filter())}
    assert listed == {plain: 0, own: 5, other: 3}


async def test_what_cannot_be_read_of_a_type_is_passed_over(gopher: Gopher, redis: Any) -> None:
    redis.hset(fleet_key(gopher.namespace, "terms"), "x", b'{"timeout":"soon"')
    id = await gopher.submit("x")

    assert (await gopher.inspect("default", id)).timeout == 300.0


async def test_a_handler_that_allows_fewer_attempts_by_now_makes_no_nonsense_of_those_that_were(
    gopher: Gopher,
) -> None:
    id = await gopher.submit("x")
    for n in range(2):
        batch = await gopher.reserve("default", worker="w1.0", token=f"w1.0:{n}", sequence=n + 1)
        gone = gopher.keys("default")
        assert batch.leases and gone
        await gopher.release("default", "w1.0", [id])
    await gopher.publish_types({"x": b"{}"}, {"x": HandlerWishes(retries=0)})

    job = await gopher.inspect("default", id)
    assert job.attempts <= job.max_retries + 1


async def why(gopher: Gopher, id: str) -> list[str]:
    return (await gopher.inspect("default", id)).why_not_running.split("; also: ")


async def test_every_reason_is_told(gopher: Gopher) -> None:
    id, later = await gopher.submit("x"), await gopher.submit("x", delay=3600.0)
    child = await gopher.submit("x", after=[later])
    paused = "the queue is paused; resume it: gopher queue resume default"
    await gopher.pause("default")

    nobody = "no worker is running; start one: gopher worker"
    assert await why(gopher, id) == [paused, nobody]
    first, *rest = await why(gopher, later)
    assert first.startswith("it is due in") and rest == [paused, nobody]
    assert await why(gopher, child) == [f"it waits for {later} (scheduled)", paused, nobody]
    await lives(gopher, types=["y"])
    assert await why(gopher, id) == [paused, "no live worker serves the type x; did you mean y?"] or (
        await why(gopher, id) == [paused, "no live worker serves the type x; they serve y"]
    )


async def test_quiet_workers_and_full_seats_are_reasons(gopher: Gopher) -> None:
    first, second = await gopher.submit("x"), await gopher.submit("x")
    await lives(gopher, name="mail", state="quiet")
    assert await why(gopher, first) == ["its workers take no new jobs: mail; gopher workers resume mail"]
    await lives(gopher, state="stopping")
    assert await why(gopher, first) == ["its workers are stopping: h:7"]
    running = [{"id": str(n), "type": "slow", "queue": "default", "seconds": 5} for n in range(2)]
    await lives(gopher, slots=2, busy=2, current=running)
    (said,) = await why(gopher, second)
    assert said == "1 job stands in line before it; all 2 slots of its workers are busy (2 slow)"
    await lives(gopher, slots=2, busy=1, current=running[:1])
    assert await why(gopher, first) == ["it is next in line"]


async def test_nothing_more_is_published_of_a_type_without_wishes_than_the_settings(gopher: Gopher) -> None:
    await gopher.publish_types({"x": b"{}"}, {"x": NO_WISHES})

    assert (await gopher.terms())["x"].handler == ()
