"""A runner that stops, is fenced, or has many jobs: in this loop, and with a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import a
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
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
    await gopher.hand_back("default", "w.0")
    (lease,) = (await gopher.reserve("default", worker="y.0", token="y.0:t", sequence=1)).leases

    (tmp_path / "f.go").touch()
    await running

    assert await state(gopher, id) == "processing"
    await gopher.settle("y.0", [a.settlement(lease, a.success(b'"by the other"'))])
    assert (await gopher.inspect("default", id)).result == "by the other"


async def test_a_lost_job_that_waits_for_a_seat_is_not_started(
    gopher: Gopher, runner: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner._STALE", PATIENCE)  # it waits for as long as we do
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
    gopher: Gopher, runner: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner._STALE", PATIENCE)
    one = runner(concurrency=1)
    one._prefetch._mean = 0.001
    await gopher.submit("hold", {"file": str(tmp_path / "f")})
    second = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    running = asyncio.create_task(one.run())
    await until(lambda: one._seats.buffered == 1)

    monkeypatch.setattr("gopher_cli.worker.runner._STALE", 1.0)
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
