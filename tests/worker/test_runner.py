"""What becomes of a job, by what its handler does. A runner in this loop, and a real server."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import a
import pytest

from gopher_cli.context import Context, JobInfo
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.model.terms import HandlerWishes
from gopher_cli.worker.joblog import JobLog
from gopher_cli.worker.overdue import settle_overdue
from worker.apps import app
from worker.conftest import Work
from worker.processes import ends, lines, state, until

pytestmark = pytest.mark.anyio
FAR = str(2_000_000_000_000)  # a moment at which everything is due
SOON = {"backoff": "fixed:1s:nojitter"}


async def run(runner: Work, **options: Any) -> None:
    await runner(burst=True, **options).run()


async def outcome_of(gopher: Gopher, runner: Work, type: str, payload: Any, **options: Any) -> Any:
    """What is known of a job after one attempt."""
    id = await gopher.submit(type, payload, **options)
    await run(runner)
    return await gopher.inspect("default", id)


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
        assert abs(detail.due - detail.now - 60_000) < 2000
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
    assert abs(detail.due - detail.now - 600_000) < 3000


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
    assert abs(detail.due - detail.now - 90_000) < 3000


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


# Timeouts


@pytest.mark.parametrize("type", ["hold", "hold-thread", "hold-isolated"])
async def test_a_job_past_its_timeout_is_stopped_and_retried(
    gopher: Gopher, runner: Work, tmp_path: Path, type: str
) -> None:
    detail = await outcome_of(
        gopher,
        runner,
        type,
        {"file": str(tmp_path / "f")},
        timeout=0.7 if type == "hold-isolated" else 0.2,
        **SOON,
    )

    assert (detail.state, detail.attempts) == ("retrying", 1)
    assert detail.history[0].outcome == "timed out"
    assert "longer than its timeout" in detail.history[0].error


async def test_a_program_past_its_timeout_is_ended_with_its_group(
    gopher: Gopher, runner: Work, tmp_path: Path
) -> None:
    script = tmp_path / "slow.sh"
    script.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/pid\nwait\n")
    script.chmod(0o755)
    from gopher_cli.loading import load_registry
    from worker.processes import alive

    id = await gopher.submit("slow", timeout=0.5, **SOON)
    await runner(load_registry("", [("slow", str(script))]), burst=True).run()

    assert (await gopher.inspect("default", id)).history[0].outcome == "timed out"
    await until(lambda: not alive(int((tmp_path / "pid").read_text())))


async def test_a_handler_that_finishes_in_spite_of_its_timeout_has_finished(
    gopher: Gopher, runner: Work
) -> None:
    detail = await outcome_of(gopher, runner, "late", None, timeout=0.1)

    assert (detail.state, detail.result) == ("completed", "in spite of it")


async def test_a_handler_that_heeds_nothing_is_given_up_and_its_process_is_worn(
    gopher: Gopher, runner: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner.KILL_AFTER", 0.2)
    id = await gopher.submit("stubborn", {"file": str(tmp_path / "f")}, timeout=0.1, **SOON)
    one = runner()
    await asyncio.wait_for(one.run(), 10)

    assert one.worn
    assert (await gopher.inspect("default", id)).history[0].outcome == "timed out"
    (tmp_path / "f.go").touch()  # or it would never end
    await until(lambda: lines(tmp_path / "f"))


async def test_a_handler_that_is_given_up_leaves_the_board_so_that_its_neighbours_may_finish(
    gopher: Gopher, runner: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner.KILL_AFTER", 0.1)
    registry, end = Registry(), threading.Event()
    registry.handler("stuck")(lambda payload: end.wait() and None)
    registry.update(app.registry)
    neighbour = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    stuck = await gopher.submit("stuck", timeout=0.1, **SOON)
    one = runner(registry=registry)
    running = asyncio.create_task(one.run())

    await ends(gopher, stuck, "retrying")

    assert [id for _, _, id in one._seats._board.read()] == [neighbour]
    (tmp_path / "f.go").touch()
    await asyncio.wait_for(running, 10)
    assert one.worn
    assert await state(gopher, neighbour) == "completed"
    end.set()


# Cancelling


@pytest.mark.parametrize("type", ["hold", "hold-thread"])
async def test_a_running_job_that_is_cancelled_stops(
    gopher: Gopher, runner: Work, tmp_path: Path, type: str
) -> None:
    id = await gopher.submit(type, {"file": str(tmp_path / "f")})
    one = runner(burst=True)
    running = asyncio.create_task(one.run())
    await until(lambda: lines(tmp_path / "f"))

    assert await gopher.cancel("default", [id]) == {id: "requested"}
    one.cancel((await gopher.renew("default", "w.0")).cancel)
    await running

    assert await state(gopher, id) == "cancelled"


async def test_a_job_that_waits_for_a_seat_is_cancelled_before_it_starts(
    gopher: Gopher, runner: Work, tmp_path: Path
) -> None:
    one = runner(concurrency=1, burst=True)
    one._prefetch._mean = 0.001  # it fetches ahead
    first = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    second = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    running = asyncio.create_task(one.run())
    await until(lambda: one._seats.buffered == 1 and lines(tmp_path / "f"))

    await gopher.cancel("default", [second])
    one.cancel([second])
    (tmp_path / "f.go").touch()
    await running

    assert await state(gopher, second) == "cancelled"
    assert lines(tmp_path / "f") == [first]


# What handlers are given


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
    assert abs(detail.due - detail.now - 90_000) < 2000


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
    monkeypatch.setattr("gopher_cli.worker.joblog.say", lambda text, *_, **__: told.append(text))
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
    assert abs(again.due - again.now - 90_000) < 2000
    assert (told, log.counts["failed"]) == (["failed for good", "failed, will retry"], 2)


# Losses of isolated processes


@pytest.mark.row("W12")
@pytest.mark.parametrize(("how", "said"), [("exit", "exited with code 7"), ("signal", "killed by SIGSEGV")])
async def test_an_isolated_process_that_dies_is_a_loss_and_the_third_is_the_end(
    gopher: Gopher, runner: Work, how: str, said: str
) -> None:
    detail = await outcome_of(gopher, runner, "die", how)

    assert (detail.state, detail.attempts, detail.losses) == ("failed", 0, 3)
    assert [one.outcome for one in detail.history] == ["lost", "lost", "poison"]
    assert all(said in one.error for one in detail.history)


async def test_what_an_isolated_job_leaves_behind_ends_with_the_runner(gopher: Gopher, runner: Work) -> None:
    from worker.processes import alive

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

    assert (detail.state, detail.attempts) == ("scheduled", 0)
    assert [one.outcome for one in detail.history] == ["unknown type"]


async def test_a_record_that_cannot_be_read_is_put_aside_and_work_goes_on(
    gopher: Gopher, runner: Work, redis: Any
) -> None:
    bad, good = await gopher.submit("echo", 1), await gopher.submit("echo", 2)
    redis.hset(gopher.keys("default")["spec"], bad, b"\xff not a spec")
    await run(runner)

    assert await state(gopher, good) == "completed"
    detail = await gopher.inspect("default", bad)
    assert (detail.state, detail.history[0].outcome) == ("failed", "corrupt")
    assert b"\xff not a spec".hex() in detail.history[0].error


async def test_a_backoff_that_is_none_ends_the_job_and_not_the_worker(
    gopher: Gopher, runner: Work, redis: Any
) -> None:
    id = await gopher.submit("fail")
    spec = b'["fail",{},5,3,300.0,{"backoff":"nonsense"}]'
    redis.hset(gopher.keys("default")["spec"], id, spec)
    other = await gopher.submit("echo", 1)
    await run(runner)

    assert await state(gopher, other) == "completed"
    assert "'nonsense' is no back-off" in (await gopher.inspect("default", id)).history[0].error


# Stopping


async def test_a_running_job_may_finish_when_its_runner_stops(
    gopher: Gopher, runner: Work, tmp_path: Path
) -> None:
    id = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    one = runner()
    running = asyncio.create_task(one.run())
    await until(lambda: lines(tmp_path / "f"))

    one.stop(30)
    (tmp_path / "f.go").touch()
    await running

    assert await state(gopher, id) == "completed"


@pytest.mark.parametrize("type", ["hold", "hold-thread", "hold-isolated"])
async def test_a_job_over_the_grace_goes_back_to_the_head_and_spends_no_attempt(
    gopher: Gopher, runner: Work, tmp_path: Path, type: str
) -> None:
    ids = [await gopher.submit(type, {"file": str(tmp_path / "f")}) for _ in range(3)]
    one = runner(concurrency=1)
    running = asyncio.create_task(one.run())
    await until(lambda: lines(tmp_path / "f"))

    one.stop(0.05)
    await running

    first = await gopher.inspect("default", ids[0])
    assert (first.state, first.attempts, first.losses) == ("enqueued", 0, 0)
    batch = await gopher.reserve("default", worker="x.0", token="x.0:t", sequence=1, count=1)
    assert batch.leases[0].id == ids[0]


async def test_an_idle_runner_stops_at_once(gopher: Gopher, runner: Work) -> None:
    one = runner(poll_interval=30.0)
    running = asyncio.create_task(one.run())
    await until(lambda: one._fetcher.waits)

    one.stop(30)

    await asyncio.wait_for(running, 1)


async def test_a_fenced_runner_drops_what_it_runs_and_hands_it_back(
    gopher: Gopher, runner: Work, tmp_path: Path
) -> None:
    id = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    one = runner()
    running = asyncio.create_task(one.run())
    await until(lambda: lines(tmp_path / "f"))
    await gopher.pause("default")  # so that it is not fetched again

    one.fence(["default"])

    detail = await ends(gopher, id, "enqueued")
    assert (detail.attempts, detail.losses) == (0, 0)
    one.stop(1)
    await running


@pytest.mark.row("W7")
async def test_an_outcome_that_comes_after_the_job_was_taken_back_is_refused(
    gopher: Gopher, runner: Work, tmp_path: Path
) -> None:
    id = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    one = runner(concurrency=1)
    running = asyncio.create_task(one.run())
    await until(lambda: lines(tmp_path / "f"))
    await gopher.pause("default")
    await gopher.hand_back("default", "w.0")
    await gopher.pause("default", paused=False)
    (lease,) = (await gopher.reserve("default", worker="y.0", token="y.0:t", sequence=1)).leases

    (tmp_path / "f.go").touch()
    one.stop(30)
    await running

    assert await state(gopher, id) == "processing"
    await gopher.settle("y.0", [a.settlement(lease, a.success(b'"by the other"'))])
    assert (await gopher.inspect("default", id)).result == "by the other"


async def test_a_lost_job_that_waits_for_a_seat_is_not_started(
    gopher: Gopher, runner: Work, tmp_path: Path
) -> None:
    one = runner(concurrency=1)
    one._prefetch._mean = 0.001
    first = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    second = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    running = asyncio.create_task(one.run())
    await until(lambda: one._seats.buffered == 1 and lines(tmp_path / "f"))

    one.cancel([second], "lost")
    (tmp_path / "f.go").touch()
    await ends(gopher, first)
    one.stop(1)
    await running

    assert lines(tmp_path / "f") == [first]
    await gopher.hand_back("default", "w.0")
    assert await state(gopher, second) == "enqueued"


async def test_jobs_held_behind_a_long_one_go_back_and_are_not_fetched_again(
    gopher: Gopher, runner: Work, tmp_path: Path
) -> None:
    one = runner(concurrency=1)
    one._prefetch._mean = 0.001
    await gopher.submit("hold", {"file": str(tmp_path / "f")})
    second = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    running = asyncio.create_task(one.run())
    await until(lambda: one._seats.buffered == 1)

    await ends(gopher, second, "enqueued")
    assert one._prefetch.size == 0
    (tmp_path / "f.go").touch()
    await ends(gopher, second)
    one.stop(1)
    await running


# Many


@pytest.mark.row("W20")
async def test_suspects_run_alone(gopher: Gopher, runner: Work) -> None:
    registry, at_once, most = Registry(), set(), []

    @registry.handler("watch")
    async def watch(payload: Any, ctx: Any) -> None:
        at_once.add(ctx.job.id)
        most.append((ctx.job.id, len(at_once)))
        await asyncio.sleep(0.01)
        at_once.discard(ctx.job.id)

    ids = [await gopher.submit("watch") for _ in range(6)]
    for n in (1, 2):  # it has been running when its worker died, twice
        await gopher.reserve("default", worker=f"d.{n}", token=f"d.{n}:t", sequence=1, count=10)
        await gopher.hand_back("default", f"d.{n}", [ids[2]])
    await run(runner, registry=registry, concurrency=4)

    assert (await gopher.depth("default")).counters["completed"] == 6
    assert dict(most)[ids[2]] == 1
    assert max(n for _, n in most) > 1


async def test_classes_and_queues_share_by_their_weights(gopher: Gopher, runner: Work) -> None:
    registry, order = Registry(), []

    @registry.handler("which")
    async def which(payload: str) -> None:
        order.append(payload)

    kinds = [(q, p) for q in ("mail", "slow") for p in ("high", "normal", "low")]
    for queue, priority in kinds:
        jobs = [
            a.job(type="which", payload=queue + priority, queue=queue, priority=priority) for _ in range(300)
        ]
        await gopher.submit_many(jobs)
    one = runner(registry, queues=(("mail", 3), ("slow", 1)), concurrency=1, burst=True)
    one._prefetch.learn = lambda seconds: None  # never ahead: what runs is what was picked
    await one.run()

    first = order[:600]
    mail = [name for name in first if name.startswith("mail")]
    assert abs(len(mail) - 450) <= 45
    for priority, share in (("high", 3), ("normal", 2), ("low", 1)):
        assert abs(sum(n.endswith(priority) for n in mail) / len(mail) - share / 6) < 0.05, priority
    assert len(order) == 1800
