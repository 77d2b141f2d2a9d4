"""Runners that do not move, and handlers that do not stop: all that waits behind them goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.verbs.submit import new_job
from gopher_cli.worker.board import Board
from worker.conftest import Work
from worker.processes import Worker, ends, lines, state, until

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]


@pytest.mark.row("W15")
@pytest.mark.parametrize("how", ["block", "freeze"])
async def test_what_was_fetched_ahead_by_a_runner_that_does_not_move_runs_elsewhere_and_once(
    gopher: Gopher, worker: Start, tmp_path: Path, how: str
) -> None:
    file = str(tmp_path / "notes")
    one = worker("-c", "5")
    (process,) = one.runners()
    warm = [new_job(gopher.defaults, "note", {"file": file}) for _ in range(300)]  # it learns to fetch ahead
    await gopher.submit_many(warm)
    await until(lambda: len(lines(tmp_path / "notes")) == 300)

    blocker = new_job(
        gopher.defaults, "block-the-loop", {"file": str(tmp_path / "f"), "how": how}, priority=9
    )
    jobs = [new_job(gopher.defaults, "note", {"file": file}) for _ in range(100)]
    await gopher.submit_many([blocker, *jobs])
    await until(lambda: lines(tmp_path / "f"))
    other = worker("-c", "5")
    await until(lambda: len(lines(tmp_path / "notes")) == 400)

    assert await state(gopher, blocker.id) == "processing"
    (tmp_path / "f.go").touch()
    os.kill(process, signal.SIGCONT)
    assert (await ends(gopher, blocker.id)).attempts == 1
    for job in jobs:
        detail = await ends(gopher, job.id)
        assert (detail.attempts, detail.losses) == (1, 0)
    assert sorted(lines(tmp_path / "notes")) == sorted(job.id for job in (*warm, *jobs))
    other.signal(signal.SIGTERM)
    other.ended()
    assert (await ends(gopher, await gopher.submit("echo", 1))).result == 1, "it fetches again"


@pytest.mark.row("W15")
@pytest.mark.parametrize("type", ["stubborn", "stubborn-thread"])
async def test_a_stuck_handler_is_told_of_and_a_fresh_process_serves_the_free_slots_at_once(
    gopher: Gopher, worker: Start, tmp_path: Path, type: str
) -> None:
    one = worker("-c", "2", env={"GOPHER_BACKOFF": "fixed:1ms"})
    (process,) = one.runners()
    neighbour = await gopher.submit("hold", {"file": str(tmp_path / "n")})
    stuck = await gopher.submit(type, {"file": str(tmp_path / "f")}, timeout=0.1)
    await until(lambda: lines(tmp_path / "f.began"))

    said = one.heard("a handler does not stop")
    assert (await ends(gopher, await gopher.submit("pid"))).result != process

    assert stuck in said and "apps.py" in said
    detail = await gopher.inspect("default", stuck)
    assert detail.history[0].outcome == "timed out"
    assert "it is stuck" in detail.history[0].error
    (info,) = await until(lambda: stuck_in(gopher))
    assert (info.busy, info.slots, [job["id"] for job in info.stuck]) == (1, 2, [stuck])
    assert await state(gopher, neighbour) == "processing"
    assert len(lines(tmp_path / "f.began")) == 1, "it has begun again beside the run that does not end"

    (tmp_path / "n.go").touch()
    assert (await ends(gopher, neighbour)).attempts == 1
    await until(lambda: process not in one.runners())
    await until(lambda: len(lines(tmp_path / "f.began")) == 2)  # it may run again, once the first run is over
    (tmp_path / "f.go").touch()


async def stuck_in(gopher: Gopher) -> Any:
    return [info for info in await gopher.workers() if info.stuck]


async def test_slots_that_are_lent_stay_free(gopher: Gopher, runner: Work, tmp_path: Path) -> None:
    one = runner(concurrency=3)
    one.share(lent=2, barred=())
    for _ in range(3):
        await gopher.submit("hold", {"file": str(tmp_path / "f")})
    one._accept([await gopher.reserve("default", worker="w.0", token="w.0:1:t", sequence=1, count=3)])

    assert (len(one._slots.running), one._slots.free) == (1, 0)
    one.share(lent=0, barred=())
    assert len(one._slots.running) == 3
    one.stop(0)
    await one.run()


async def test_a_job_whose_last_run_does_not_end_waits_unspent(gopher: Gopher, runner: Work) -> None:
    id = await gopher.submit("echo", 1)
    one = runner(burst=True)
    one.share(lent=0, barred=[id])
    await one.run()

    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.attempts) == ("scheduled", 0)


def test_a_board_tells_what_has_ended_unsettled_until_that_is_over() -> None:
    board = Board.create(2)
    board.write(1, 5.0, 0, "runs")
    board.note_ended([(0, "ended"), (1, "é" * 64)])

    assert board.kept() == {(0, "runs"), (0, "ended"), (1, "é" * 64)}
    board.note_ended([])
    board.wipe(1)
    assert board.kept() == set()
    assert not board.held
    board.hold()
    assert board.held
    board.close()
