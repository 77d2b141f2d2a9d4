"""A runner that stops, is fenced, or has many jobs: in this loop, and with a real server."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import builders
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.worker.execution.attempt import StopReason
from gopher_cli.worker.execution.settlement import Settlements
from gopher_cli.worker.process_lock import ProcessLock
from worker.attempts import run
from worker.conftest import Work
from worker.processes import PATIENCE, ends, lines, state, until

pytestmark = pytest.mark.anyio


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
    one = runner(poll_interval=600.0)
    running = asyncio.create_task(one.run())
    await until(lambda: one._fetcher.waits)

    one.stop(30)

    await asyncio.wait_for(running, PATIENCE)


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
    one.stop(PATIENCE)  # so that it is not fetched again
    await gopher.release("default", "w.0")
    (lease,) = (await gopher.reserve("default", worker="y.0", token="y.0:t", sequence=1)).leases

    (tmp_path / "f.go").touch()
    await running

    assert await state(gopher, id) == "processing"
    await gopher.settle("y.0", [builders.settlement(lease, builders.success(b'"by the other"'))])
    assert (await gopher.inspect("default", id)).result == "by the other"


async def test_a_lost_job_that_waits_for_a_slot_is_not_started(
    gopher: Gopher, runner: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner.runner._STALE", PATIENCE)  # it waits for as long as we do
    one = runner(concurrency=1)
    one._prefetch._mean = 0.001
    first = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    second = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    running = asyncio.create_task(one.run())
    await until(lambda: one._slots.buffered == 1 and lines(tmp_path / "f"))

    one.cancel([second], StopReason.LOST)
    (tmp_path / "f.go").touch()
    await ends(gopher, first)
    one.stop(1)
    await running

    assert lines(tmp_path / "f") == [first]
    await gopher.release("default", "w.0")
    assert await state(gopher, second) == "enqueued"


async def test_jobs_held_behind_a_long_one_go_back_and_are_not_fetched_again(
    gopher: Gopher, runner: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner.runner._STALE", PATIENCE)
    one = runner(concurrency=1)
    one._prefetch._mean = 0.001
    await gopher.submit("hold", {"file": str(tmp_path / "f")})
    second = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    running = asyncio.create_task(one.run())
    await until(lambda: one._slots.buffered == 1)

    monkeypatch.setattr("gopher_cli.worker.runner.runner._STALE", 1.0)
    await ends(gopher, second, "enqueued")
    assert one._prefetch.size == 0
    (tmp_path / "f.go").touch()
    await ends(gopher, second)
    one.stop(1)
    await running


# Many


@pytest.mark.row("W20")
@pytest.mark.parametrize("kind", ["hold", "hold-thread", "hold-isolated"])
async def test_a_suspect_runs_at_once_beside_others_in_a_process_of_its_own_and_one_at_a_time(
    gopher: Gopher, redis: Redis, runner: Work, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner.suspects._LATER", (0.05, 0.1))
    file = tmp_path / "f"
    suspects = [await gopher.submit(kind, {"file": str(file)}) for _ in range(3)]
    for n in (1, 2):  # they have been running when their worker died, twice
        await gopher.reserve("default", worker=f"d.{n}", token=f"d.{n}:t", sequence=1, count=3)
        await gopher.release("default", f"d.{n}", suspects)
    await gopher.submit("hold", {"file": str(tmp_path / "other")})
    one = runner(concurrency=4)
    running = asyncio.create_task(one.run())

    await until(lambda: lines(file) and lines(tmp_path / "other"))
    scores = redis.zmscore(gopher.keys("default")["running"], suspects)
    assert sum(score % 1 == 0 for score in scores if score) == 1, "one of them runs, and Redis knows"
    assert len(lines(file)) == 1
    for path in (file, tmp_path / "other"):
        path.with_suffix(".go").touch()

    async def all_are_through() -> bool:
        await gopher.promote_due("default")  # those that were put off
        return (await gopher.depth("default")).sizes["completed"] == 4

    await until(all_are_through)
    assert len(lines(file)) == 3
    one.stop(1)
    await running


async def test_in_a_burst_suspects_wait_for_each_other(gopher: Gopher, runner: Work) -> None:
    ids = [await gopher.submit("echo", n) for n in range(6)]
    for n in (1, 2):
        await gopher.reserve("default", worker=f"d.{n}", token=f"d.{n}:t", sequence=1, count=4)
        await gopher.release("default", f"d.{n}", ids[:4])

    await run(runner, concurrency=4)

    assert (await gopher.depth("default")).counters["completed"] == 6


def test_a_turn_is_had_by_one_process_at_a_time_and_is_free_when_that_has_died() -> None:
    turn = ProcessLock.create()
    child = os.fork()
    if not child:
        with suppress(BaseException):
            os._exit(0 if ProcessLock(turn.fd).take() else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    assert turn.take()
    assert not turn.take()
    child = os.fork()
    if not child:
        with suppress(BaseException):
            os._exit(0 if ProcessLock(turn.fd).take() else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    turn.leave()
    assert turn.take()


async def test_classes_and_queues_share_by_their_weights(gopher: Gopher, runner: Work) -> None:
    registry, order = Registry(), []

    @registry.handler("which")
    async def which(payload: str) -> None:
        order.append(payload)

    kinds = [(q, p) for q in ("mail", "slow") for p in ("high", "normal", "low")]
    for queue, priority in kinds:
        jobs = [
            builders.job(type="which", payload=queue + priority, queue=queue, priority=priority)
            for _ in range(300)
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


@pytest.mark.parametrize("ends", ["burst", "stop"])
async def test_a_runner_does_not_end_between_the_end_of_a_job_in_a_thread_and_its_settlement(
    gopher: Gopher, runner: Work, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    settled, leaving = Settlements.of, threading.Event()

    def slowly(*args: Any) -> Any:
        leaving.set()
        time.sleep(0.3)  # in the thread of the handler: the loop goes on, and looks whether all is over
        return settled(*args)

    monkeypatch.setattr(Settlements, "of", slowly)
    id = await gopher.submit("echo-thread", 1)
    one = runner(burst=ends == "burst")
    running = asyncio.create_task(one.run())
    if ends == "stop":
        await asyncio.to_thread(leaving.wait, PATIENCE)
        one.stop(10)
    await running

    assert await state(gopher, id) == "completed"
