"""Handlers that run for too long, or are cancelled: in a runner of this loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import builders
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from worker.apps import app
from worker.attempts import SOON, outcome_of
from worker.conftest import Work
from worker.processes import PATIENCE, ends, lines, state, until

pytestmark = pytest.mark.anyio


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
        timeout=0.2,
        **SOON,
    )

    assert (detail.state, detail.attempts) == ("retrying", 1)
    assert detail.history[0].outcome == "timed out"
    assert "longer than its timeout" in detail.history[0].error


async def test_a_handler_that_finishes_in_spite_of_its_timeout_has_finished(
    gopher: Gopher, runner: Work
) -> None:
    detail = await outcome_of(gopher, runner, "late", None, timeout=0.1)

    assert (detail.state, detail.result) == ("completed", "in spite of it")


async def test_a_handler_that_heeds_nothing_is_given_up_and_its_process_is_worn(
    gopher: Gopher, runner: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner.watchdog.KILL_AFTER", 0.2)
    id = await gopher.submit("stubborn", {"file": str(tmp_path / "f")}, timeout=0.1, **SOON)
    one = runner()
    await asyncio.wait_for(one.run(), PATIENCE)

    assert one.worn
    assert (await gopher.inspect("default", id)).history[0].outcome == "timed out"
    (tmp_path / "f.go").touch()  # or it would never end
    await until(lambda: lines(tmp_path / "f"))


async def test_a_handler_that_is_given_up_leaves_the_board_so_that_its_neighbours_may_finish(
    gopher: Gopher, runner: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner.watchdog.KILL_AFTER", 0.1)
    registry, end = Registry(), threading.Event()
    registry.handler("stuck")(lambda payload: end.wait() and None)
    registry.update(app.registry)
    neighbour = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    stuck = await gopher.submit("stuck", timeout=0.1, **SOON)
    one = runner(registry=registry)
    running = asyncio.create_task(one.run())

    await ends(gopher, stuck, "retrying")

    assert [id for _, _, id in one._slots._board.read()] == [neighbour]
    (tmp_path / "f.go").touch()
    await asyncio.wait_for(running, PATIENCE)
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

    assert builders.words(await gopher.cancel("default", [id])) == {id: "requested"}
    one.cancel((await gopher.renew("default", "w.0")).cancel)
    await running

    assert await state(gopher, id) == "cancelled"


@pytest.mark.parametrize("type", ["hold", "hold-isolated"])
async def test_a_job_that_is_stopped_before_its_first_step_never_begins_and_wears_nobody_out(
    gopher: Gopher, runner: Work, tmp_path: Path, type: str
) -> None:
    id = await gopher.submit(type, {"file": str(tmp_path / "f")})
    one = runner(burst=True)
    one._accept([await gopher.reserve("default", worker="w.0", token="w.0:99:t", sequence=99)])

    one.cancel([id])  # it has its slot, and has had no turn
    await one.run()

    assert await state(gopher, id) == "cancelled"
    assert not one.worn and not lines(tmp_path / "f")


async def test_a_job_that_waits_for_a_slot_is_cancelled_before_it_starts(
    gopher: Gopher, runner: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.worker.runner.runner._STALE", PATIENCE)  # it waits for as long as we do
    one = runner(concurrency=1, burst=True)
    one._prefetch._mean = 0.001  # it fetches ahead
    first = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    second = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    running = asyncio.create_task(one.run())
    await until(lambda: one._slots.buffered == 1 and lines(tmp_path / "f"))

    await gopher.cancel("default", [second])
    one.cancel([second])
    (tmp_path / "f.go").touch()
    await running

    assert await state(gopher, second) == "cancelled"
    assert lines(tmp_path / "f") == [first]
