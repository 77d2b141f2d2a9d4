"""What becomes of a job, by what its handler does. A runner in this loop, and a real server."""

from __future__ import annotations

from typing import Any

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from worker.attempts import FAR, SOON, outcome_of, run
from worker.conftest import Work
from worker.processes import PATIENCE, alive, state, until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("type", ["echo", "echo-thread", "echo-isolated"])
async def test_a_result_is_kept(gopher: Gopher, runner: Work, type: str) -> None:
    detail = await outcome_of(gopher, runner, type, {"a": [1, None, "é"]})

    assert (detail.state, detail.result) == ("completed", {"a": [1, None, "é"]})


@pytest.mark.row("W11")
@pytest.mark.parametrize("type", ["signals", "signals-thread", "signals-isolated"])
@pytest.mark.parametrize(("what", "said"), [("exit", "SystemExit: 3"), ("interrupt", "KeyboardInterrupt")])
async def test_a_handler_that_wants_to_end_the_process_fails(
    gopher: Gopher, runner: Work, type: str, what: str, said: str
) -> None:
    detail = await outcome_of(gopher, runner, type, {"raise": what}, **SOON)

    assert (detail.state, detail.history[0].error) == ("retrying", said)


@pytest.mark.row("W11")
async def test_a_handler_that_cancels_itself_fails(gopher: Gopher, runner: Work) -> None:
    detail = await outcome_of(gopher, runner, "signals", {"raise": "cancelled"}, **SOON)

    assert (detail.state, detail.attempts) == ("retrying", 1)
    assert "cancelled itself" in detail.history[0].error


@pytest.mark.row("W11")
async def test_a_failing_job_runs_by_its_backoff_and_then_is_dead_with_every_error(
    gopher: Gopher, runner: Work
) -> None:
    id = await gopher.submit("fail", max_retries=2, backoff="fixed:60s:nojitter")
    for attempt in (1, 2):
        await run(runner)
        detail = await gopher.inspect("default", id)
        assert (detail.state, detail.attempts) == ("retrying", attempt)
        assert detail.due - detail.history[-1].at == 60_000
        await gopher.promote_due("default", now=FAR)
    await run(runner)

    detail = await gopher.inspect("default", id)

    assert (detail.state, detail.attempts) == ("failed", 3)
    assert [one.error for one in detail.history] == [f"ValueError: boom {n}" for n in (1, 2, 3)]
    assert 'raise ValueError(f"boom' in detail.history[0].traceback
    assert "gopher_cli/worker" not in detail.history[0].traceback


@pytest.mark.parametrize("type", ["signals", "signals-isolated"])
async def test_retry_waits_as_long_as_the_handler_says(gopher: Gopher, runner: Work, type: str) -> None:
    detail = await outcome_of(gopher, runner, type, {"raise": "retry", "delay": 600})

    assert (detail.state, detail.attempts, detail.history[0].error) == ("retrying", 1, "later")
    assert detail.due - detail.history[-1].at == 600_000


@pytest.mark.parametrize("type", ["signals", "signals-isolated"])
async def test_discard_is_for_good(gopher: Gopher, runner: Work, type: str) -> None:
    detail = await outcome_of(gopher, runner, type, {"raise": "discard"}, max_retries=5)

    assert (detail.state, detail.history[0].error, detail.history[0].outcome) == (
        "failed", "no use", "discarded",
    )  # fmt: skip


@pytest.mark.parametrize("type", ["signals", "signals-isolated"])
async def test_snooze_spends_no_attempt(gopher: Gopher, runner: Work, type: str) -> None:
    detail = await outcome_of(gopher, runner, type, {"raise": "snooze", "seconds": 90})

    assert (detail.state, detail.attempts) == ("scheduled", 0)
    assert detail.due - detail.history[-1].at == 90_000


async def test_a_wait_that_is_no_time_fails_the_attempt(gopher: Gopher, runner: Work) -> None:
    detail = await outcome_of(gopher, runner, "signals", {"raise": "snooze", "seconds": "5m"})

    assert (detail.state, detail.attempts) == ("retrying", 1)
    assert detail.history[0].error == "Snooze takes a number of seconds, not '5m'"


@pytest.mark.row("W11")
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("large", "the result has 1100002 bytes, and 1 MB is the limit"),
        ("object", "the result cannot be kept as JSON"),
        ("surrogate", "the result cannot be kept as JSON"),
    ],
)
async def test_a_result_that_cannot_be_kept_is_a_failure_for_good(
    gopher: Gopher, runner: Work, what: str, said: str
) -> None:
    detail = await outcome_of(gopher, runner, "result", what)

    assert detail.state == "failed"
    assert said in detail.history[0].error


@pytest.mark.row("W11")
@pytest.mark.parametrize(("what", "kept"), [("nothing", None), ("nan", None), ("bytes", "cmF3")])
async def test_odd_results_are_kept_as_json(gopher: Gopher, runner: Work, what: str, kept: Any) -> None:
    detail = await outcome_of(gopher, runner, "result", what)

    assert (detail.state, detail.result) == ("completed", kept)


async def test_without_retention_no_result_is_kept_and_the_job_for_a_minute(
    gopher: Gopher, runner: Work
) -> None:
    id = await gopher.submit("echo", 1, retention=0)
    await run(runner)

    detail = await gopher.inspect("default", id)

    assert (detail.state, detail.result) == ("completed", None)
    assert detail.kept_until - detail.finished == 60_000
    assert await gopher.submit("echo", 1, id=id, retention=0) == id
    assert (await gopher.inspect("default", id)).state == "completed"


# Losses of isolated processes


@pytest.mark.row("W12")
@pytest.mark.parametrize(("how", "said"), [("exit", "exited with code 7"), ("signal", "killed by SIGSEGV")])
async def test_an_isolated_process_that_dies_is_a_loss_and_the_third_is_the_end(
    gopher: Gopher, runner: Work, monkeypatch: pytest.MonkeyPatch, how: str, said: str
) -> None:
    monkeypatch.setattr("gopher_cli.worker.programs.isolated_pool._DYING", PATIENCE)
    detail = await outcome_of(gopher, runner, "die", how)

    assert (detail.state, detail.attempts, detail.losses) == ("failed", 0, 3)
    assert [one.outcome for one in detail.history] == ["lost", "lost", "poison"]
    assert all(said in one.error for one in detail.history)


async def test_what_an_isolated_job_leaves_behind_ends_with_the_runner(gopher: Gopher, runner: Work) -> None:
    detail = await outcome_of(gopher, runner, "children", "x")

    await until(lambda: not alive(int(detail.result)))


# Strange jobs


async def test_a_payload_that_does_not_fit_is_a_failure_for_good(gopher: Gopher, runner: Work) -> None:
    registry = Registry()

    @registry.handler("typed")
    async def typed(payload: dict[str, int]) -> int:
        return payload["n"]

    good, bad = await gopher.submit("typed", {"n": 1}), await gopher.submit("typed", {"n": "one"})
    await run(runner, registry=registry)

    assert await state(gopher, good) == "completed"
    detail = await gopher.inspect("default", bad)
    assert (detail.state, detail.attempts) == ("failed", 1)
    assert "Expected `int`, got `str`" in detail.history[0].error


@pytest.mark.parametrize("delay", [0.0, 1.0])
async def test_an_unknown_type_is_left_for_others_without_an_attempt(
    gopher: Gopher, runner: Work, delay: float
) -> None:
    detail = await outcome_of(gopher, runner, "unheard-of", 1)

    assert (detail.state, detail.attempts) == ("enqueued", 0)
    assert [one.outcome for one in detail.history] == ["unknown type"]


@pytest.mark.parametrize(
    "record",
    [
        b"\xff not a spec", b"", b"[" * 200_000, b'["echo",' + b"[" * 50_000 + b"]" * 50_000 + b"]",
        b'["echo",{},"5"]', b'["echo",{},5,3,300.0,{"headers":{"n":1}}]', b'["echo"]', b"null",
    ],
)  # fmt: skip
async def test_a_record_that_cannot_be_read_is_put_aside_and_work_goes_on(
    gopher: Gopher, runner: Work, redis: Any, record: bytes
) -> None:
    bad, good = await gopher.submit("echo", 1), await gopher.submit("echo", 2)
    redis.hset(gopher.keys("default")["spec"], bad, record)
    await run(runner)

    assert await state(gopher, good) == "completed"
    detail = await gopher.inspect("default", bad)
    assert (detail.state, detail.history[0].outcome) == ("failed", "corrupt")
    assert record[:2000].hex() in detail.history[0].error


async def test_a_backoff_that_cannot_be_read_ends_neither_the_job_nor_the_worker(
    gopher: Gopher, runner: Work, redis: Any
) -> None:
    id = await gopher.submit("fail")
    spec = b'["fail",{},5,3,300.0,{"backoff":"nonsense"}]'
    redis.hset(gopher.keys("default")["spec"], id, spec)
    other = await gopher.submit("echo", 1)
    await run(runner)

    assert await state(gopher, other) == "completed"
    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.history[0].error) == ("retrying", "ValueError: boom 1")
