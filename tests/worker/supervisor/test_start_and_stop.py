"""Whole workers as processes: told to stop, and unable to start."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.process_setup import TOGETHER
from worker.conftest import SHORT
from worker.processes import Worker, ends, lines, state, until

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]


def at(file: Path) -> dict[str, str]:
    return {"file": str(file)}


# Stopping


@pytest.mark.row("W9")
async def test_sigterm_lets_a_job_finish_and_ends_with_0(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker()
    id = await gopher.submit("hold", at(tmp_path / "f"))
    await until(lambda: lines(tmp_path / "f"))

    one.signal(signal.SIGTERM)
    one.heard("running jobs may finish")
    (tmp_path / "f.go").touch()

    assert one.ended() == 0
    assert await state(gopher, id) == "completed"
    assert await gopher.workers() == []


@pytest.mark.row("W9")
async def test_with_a_short_grace_the_job_is_back_at_the_head_with_its_attempt_unspent(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker("-c", "1", "--grace", "100ms")
    first = await gopher.submit("hold", at(tmp_path / "f"))
    await gopher.submit("echo", 1)
    await until(lambda: lines(tmp_path / "f"))

    one.signal(signal.SIGTERM)

    assert one.ended() == 0
    detail = await gopher.inspect("default", first)
    assert (detail.state, detail.attempts, detail.losses) == ("enqueued", 0, 0)
    assert detail.why_not_running.startswith("no worker")
    (lease,) = (await gopher.reserve("default", worker="x.0", token="x.0:t", sequence=1)).leases
    assert lease.id == first


async def test_a_worker_that_is_killed_before_its_grace_is_over_blames_no_job(
    gopher: Gopher, redis: Redis, worker: Start, tmp_path: Path
) -> None:
    """As `docker stop` does it: SIGTERM, a while, SIGKILL. The default grace is longer."""
    kinds = ("hold", "hold-thread", "hold-isolated")
    ids = [await gopher.submit(kind, at(tmp_path / kind)) for kind in kinds]

    def begun() -> list[bool]:
        scores = redis.zmscore(gopher.keys("default")["running"], ids)
        return [score is not None and score % 1 == 0 for score in scores]

    one = worker(env=SHORT)
    await until(lambda: all(lines(tmp_path / kind) for kind in kinds))
    assert all(begun())

    one.signal(signal.SIGTERM)
    await until(lambda: not any(begun()))
    one.kill()

    for kind in kinds:
        (tmp_path / f"{kind}.go").touch()
    worker(env=SHORT)
    for id in ids:
        detail = await ends(gopher, id)
        assert (detail.attempts, detail.losses, detail.history) == (1, 0, [])


@pytest.mark.row("W9")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_after_half_a_second_ends_it_at_once(
    gopher: Gopher, worker: Start, tmp_path: Path, number: int
) -> None:
    one = worker()
    id = await gopher.submit("hold-thread", at(tmp_path / "f"))
    await until(lambda: lines(tmp_path / "f"))

    one.signal(number)
    one.heard("running jobs may finish")
    await asyncio.sleep(TOGETHER * 1.1)  # before, both would be one order
    one.signal(number)

    assert one.ended() == 128 + number  # the job would never end, and the grace is 30 s
    assert await state(gopher, id) == "enqueued"


@pytest.mark.row("W9", "W10")
async def test_an_idle_worker_ends_at_once(gopher: Gopher, worker: Start) -> None:
    one = worker("--poll-interval", "5m", "--processes", "2")
    one.signal(signal.SIGHUP)

    assert one.ended() == 0


@pytest.mark.row("W9")
async def test_a_signal_during_the_start_is_heeded(worker: Start, tmp_path: Path) -> None:
    (tmp_path / "slow_app.py").write_text(
        f"import time, pathlib\npathlib.Path({str(tmp_path / 'f')!r}).touch()\ntime.sleep(60)\n"
    )
    one = worker("--app", "slow_app:app", wait=False, env={"PYTHONPATH": f"{tmp_path}:{os.getcwd()}"})
    await until((tmp_path / "f").exists)

    one.signal(signal.SIGTERM)

    assert one.ended() == 0


# What is wrong at the start


async def test_redis_away_at_the_start_is_69(worker: Start, tmp_path: Path) -> None:
    one = worker(wait=False, env={"REDIS_URL": f"unix://{tmp_path}/nobody"})

    assert one.ended() == 69
    assert len(one.said) <= 2


@pytest.mark.row("W22")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--app", "nowhere:app"), 78, "nowhere:app does not load: ModuleNotFoundError"),
        (("--app", "worker.apps:nothing"), 78, "AttributeError"),
        (("--app", "worker.apps:held"), 78, "is a list, not a Gopher or a Registry"),
        (("--exec", "x=/no/such/program"), 78, "is not there, or not executable"),
        (("--exec", "x='"), 78, "No closing quotation"),
        (("-Q", "mail:0"), 2, "the weight of a queue is from 1 to 1000"),
    ],
)
async def test_what_cannot_work_is_said_in_a_line(
    worker: Start, words: tuple[str, ...], code: int, said: str
) -> None:
    one = worker(*words, wait=False)

    assert one.ended() == code
    one.heard(said)
    assert not any("Traceback" in line for line in one.said)


async def test_what_is_registered_with_atexit_is_called_when_a_worker_stops(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker()
    await ends(gopher, await gopher.submit("at-exit", {"file": str(tmp_path / "f")}))

    one.signal(signal.SIGTERM)

    assert one.ended() == 0
    assert lines(tmp_path / "f") == ["the end"]
