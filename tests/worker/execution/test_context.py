"""What a handler is given: once, follow-ups, the terms of its job, and nothing of the job before."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from gopher_cli.context import Context, JobInfo
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.model.errors import Usage
from gopher_cli.model.job.terms import HandlerWishes
from gopher_cli.worker.execution.job_log import JobLog
from gopher_cli.worker.supervisor.overdue_jobs import settle_overdue
from worker.attempts import FAR, SOON, outcome_of, run
from worker.conftest import Work
from worker.processes import lines, state

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("type", ["once", "once-thread", "once-isolated"])
async def test_once_runs_once_over_all_attempts(
    gopher: Gopher, runner: Work, tmp_path: Path, type: str
) -> None:
    id = await gopher.submit(type, {"file": str(tmp_path / "f")})
    for _ in range(3):
        await run(runner)
        await gopher.promote_due("default", now=FAR)

    detail = await gopher.inspect("default", id)

    assert (detail.state, detail.attempts) == ("completed", 3)
    assert detail.result in ("by attempt 1", 1)
    assert lines(tmp_path / "f") == ["charged"]


async def test_what_an_isolated_handler_says_is_kept(gopher: Gopher, runner: Work) -> None:
    detail = await outcome_of(gopher, runner, "echo-isolated", 1)

    assert detail.progress == {"fraction": 0.5, "message": "half"}
    assert [line.split(" ", 1)[1] for line in detail.log] == [f"from {detail.id}", "logged"]


async def test_an_isolated_handler_reaches_the_queue_in_every_job(
    gopher: Gopher, runner: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", str(gopher.store.address))
    monkeypatch.setenv("GOPHER_NAMESPACE", gopher.namespace)
    ids = [await gopher.submit("ask", text) for text in ("one", "two")]
    await run(runner, concurrency=1)

    children = [(await gopher.inspect("default", id)).result for id in ids]

    assert [(await gopher.inspect("default", id)).result for id in children] == ["one", "two"]


@pytest.mark.parametrize("type", ["parent", "parent-isolated"])
async def test_follow_ups_are_accepted_with_the_completion(gopher: Gopher, runner: Work, type: str) -> None:
    detail = await outcome_of(gopher, runner, type, {})

    assert detail.state == "completed", detail.history
    child = await gopher.inspect("default", detail.result)

    assert (child.state, child.parent, child.result) == ("completed", detail.id, {"of": detail.id})


async def test_follow_ups_go_into_another_queue(gopher: Gopher, runner: Work) -> None:
    detail = await outcome_of(gopher, runner, "parent", {"queue": "other"})

    assert await state(gopher, detail.result, "other") == "enqueued"


async def test_a_failed_attempt_has_no_follow_ups(gopher: Gopher, runner: Work) -> None:
    detail = await outcome_of(gopher, runner, "parent", {"fails": True})

    assert detail.state == "retrying"
    assert (await gopher.depth("default")).counters["enqueued"] == 1


@pytest.mark.parametrize("type", ["colour", "colour-thread"])
async def test_context_variables_do_not_leak_into_the_next_job(
    gopher: Gopher, runner: Work, type: str
) -> None:
    ids = [await gopher.submit(type) for _ in range(4)]
    await run(runner, concurrency=1)

    assert [(await gopher.inspect("default", id)).result for id in ids] == ["none"] * 4


async def test_a_handler_has_its_own_timeout_retries_and_backoff(gopher: Gopher, runner: Work) -> None:
    registry = Registry()

    @registry.handler("slow", timeout=0.1, retries=0)
    async def slow(payload: Any) -> None:
        await asyncio.sleep(60)

    @registry.handler("fails", backoff="fixed:90s:nojitter")
    async def fails(payload: Any) -> None:
        raise RuntimeError

    slow_id, fails_id = await gopher.submit("slow"), await gopher.submit("fails")
    await run(runner, registry=registry)

    assert await state(gopher, slow_id) == "failed"
    detail = await gopher.inspect("default", fails_id)
    assert detail.due - detail.history[-1].at == 90_000


async def test_what_the_submitter_says_counts_more_even_where_it_is_the_default(
    gopher: Gopher, runner: Work
) -> None:
    registry = Registry()
    seen: list[JobInfo] = []

    @registry.handler("picky", timeout=0.1, retries=0)
    async def picky(payload: Any, ctx: Context) -> None:
        seen.append(ctx.job)
        raise RuntimeError

    own = await gopher.submit("picky")
    said = await gopher.submit("picky", max_retries=3, timeout=300.0, **SOON)
    await run(runner, registry=registry)

    assert [await state(gopher, id) for id in (own, said)] == ["failed", "retrying"]
    assert [(job.max_retries, job.timeout) for job in seen] == [(0, 0.1), (3, 300.0)]


async def test_a_blocked_job_is_settled_by_the_terms_of_its_handler_and_told_of(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    monkeypatch.setattr("gopher_cli.worker.execution.job_log.say", lambda text, *_, **__: told.append(text))
    caplog.set_level(logging.INFO, logger="gopher")
    own = HandlerWishes(timeout=7.0, retries=0)
    wishes = {"slow": own, "again": HandlerWishes(backoff="fixed:90s:nojitter")}
    ids = [await gopher.submit(type) for type in wishes]
    await gopher.reserve("default", worker="w.0", token="w.0:t", sequence=1, count=2)
    log = JobLog()

    for id in ids:
        await settle_overdue(gopher, log, "w.0", "default", id, wishes)

    slow, again = [await gopher.inspect("default", id) for id in ids]
    assert (slow.state, again.state) == ("failed", "retrying")
    assert slow.history[0].error == "it ran longer than its timeout of 7s"
    assert again.due - again.history[-1].at == 90_000
    assert (told, log.counts["failed"]) == (["failed for good", "failed, will retry"], 2)


async def test_a_blocked_job_whose_settling_breaks_is_left_to_its_lease_and_told_of(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OverflowError("of our own making")

    told: list[str] = []
    monkeypatch.setattr("gopher_cli.worker.supervisor.overdue_jobs.settlement_of", broken)
    monkeypatch.setattr(
        "gopher_cli.worker.supervisor.overdue_jobs.say", lambda what, *_, **__: told.append(what)
    )
    id = await gopher.submit("slow")
    await gopher.reserve("default", worker="w.0", token="w.0:t", sequence=1)

    await settle_overdue(gopher, JobLog(), "w.0", "default", id, {})

    assert (await gopher.inspect("default", id)).state == "processing"
    assert told == ["an overdue job could not be settled"]


async def test_a_backoff_of_half_an_hour_retries_as_often_as_it_says(gopher: Gopher, runner: Work) -> None:
    id = await gopher.submit("fail", backoff="fixed:30m:nojitter", max_retries=4)
    waits = []
    for _ in range(5):
        await run(runner)
        detail = await gopher.inspect("default", id)
        waits.append((detail.due or detail.history[-1].at) - detail.history[-1].at)
        await gopher.promote_due("default", now=FAR)

    assert waits == [1_800_000] * 4 + [0]
    assert (detail.state, detail.attempts) == ("failed", 5)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"n": 1}},
        {"after": "one-id"},
        {"priority": 5.5},
        {"tags": "x"},
        {"id": ".."},
        {"delay": "5"},
    ],
    ids=str,
)
async def test_a_follow_up_of_a_wrong_kind_fails_in_the_handler_and_never_reaches_the_outbox(
    gopher: Gopher, runner: Work, redis: Any, options: dict[str, Any]
) -> None:
    registry = Registry()

    @registry.handler("asks")
    async def asks(payload: Any, ctx: Context) -> None:
        ctx.submit("echo", {}, **options)

    id = await gopher.submit("asks")
    await run(runner, registry=registry)

    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.history[0].error.split(":")[0]) == ("retrying", "Usage")
    assert not redis.exists(gopher.keys("default")["outbox"])


@pytest.mark.parametrize(
    "wishes",
    [{"retries": "5"}, {"retries": -1}, {"timeout": "5s"}, {"timeout": 0}, {"backoff": ""}, {"backoff": 5}],
)  # fmt: skip
def test_a_handlers_wish_of_a_wrong_kind_is_refused_when_it_is_registered(wishes: dict[str, Any]) -> None:
    with pytest.raises(Usage):
        Registry().handler("h", **wishes)


@pytest.mark.parametrize("key", ["", None, 5])
async def test_a_key_of_once_that_says_nothing_is_refused(gopher: Gopher, runner: Work, key: Any) -> None:
    registry, ran = Registry(), list[int]()

    @registry.handler("pays")
    async def pays(payload: Any, ctx: Context) -> None:
        await ctx.once(key, lambda: ran.append(1))

    id = await gopher.submit("pays")
    await run(runner, registry=registry)

    assert "ctx.once needs a key" in (await gopher.inspect("default", id)).history[0].error
    assert ran == []


async def test_an_isolated_handler_gives_its_follow_ups_whatever_is_a_list_or_a_mapping(
    gopher: Gopher, runner: Work
) -> None:
    detail = await outcome_of(gopher, runner, "asks-isolated", {})

    assert detail.state == "completed", detail.history
    child = await gopher.inspect("default", detail.result)
    assert (list(child.tags), child.headers) == (["a", "b"], {"tenant": "x"})
