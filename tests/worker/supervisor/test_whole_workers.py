"""Whole workers as processes: crashes, words, bursts, and processes that make way."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from awake_clock import awake, clock

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.verbs.submit import new_job
from gopher_cli.worker.supervisor.queue_duties import longest_wait
from worker.conftest import SHORT
from worker.processes import STANDSTILL, Worker, alive, descendants, ends, lines, state, until

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]
RARE = {"GOPHER_LEASE": "30m", "GOPHER_HEARTBEAT": "10m"}  # whoever waits for a heartbeat waits for minutes


def at(file: Path) -> dict[str, str]:
    return {"file": str(file)}


# Crashing


@pytest.mark.row("W3")
async def test_after_a_kill_9_of_the_worker_all_its_jobs_run_again_unspent(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    other = worker("-c", "8", "-Q", "elsewhere")
    one = worker("-c", "8", env=SHORT)
    ids = [await gopher.submit("hold", at(tmp_path / "f")) for _ in range(8)]
    await until(lambda: len(lines(tmp_path / "f")) >= 8)
    (runner,) = one.runners()

    one.process.kill()
    one.process.wait()
    await until(lambda: not alive(runner))
    other.signal(signal.SIGTERM)
    (tmp_path / "f.go").touch()
    worker("-c", "8", env=SHORT)
    serves = clock()

    for id in ids:
        detail = await ends(gopher, id)
        assert (detail.attempts, detail.losses) == (1, 1)
    assert awake(serves) < longest_wait(3, 1) + STANDSTILL, "they were buried, which takes 40 s"


def test_the_default_numbers_promise_20_seconds() -> None:
    settings = Settings()
    assert longest_wait(settings.lease, settings.heartbeat) <= 20


@pytest.mark.row("W3")
async def test_after_a_kill_9_of_a_runner_its_jobs_are_back_within_a_second(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker(env=RARE)
    id = await gopher.submit("hold", at(tmp_path / "f"))
    await until(lambda: lines(tmp_path / "f"))
    await gopher.pause("default")

    os.kill(one.runners()[0], signal.SIGKILL)
    started = clock()
    detail = await ends(gopher, id, "enqueued")

    assert awake(started) < STANDSTILL, "it has waited for a heartbeat"
    assert (detail.attempts, detail.losses) == (0, 1)
    await gopher.pause("default", paused=False)
    (tmp_path / "f.go").touch()
    await ends(gopher, id)
    one.heard("killed by signal 9")


async def test_a_child_that_holds_the_channel_of_a_dead_runner_hides_nothing(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker()
    id = await gopher.submit("fork", at(tmp_path / "f"))

    await ends(gopher, id, "failed")

    for pid in lines(tmp_path / "f"):
        with suppress(ProcessLookupError):  # the last run, in a process of its own, has left nothing
            os.kill(int(pid), signal.SIGKILL)
    one.signal(signal.SIGTERM)
    assert one.ended() == 0


@pytest.mark.row("W20")
async def test_poison_is_buried_after_three_losses_and_its_neighbours_complete(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    ids = [await gopher.submit("echo", n) for n in range(20)]
    bad = await gopher.submit("poison", at(tmp_path / "f"), priority=6)
    ids += [await gopher.submit("note", at(tmp_path / "n")) for _ in range(20)]
    worker("-c", "4")

    detail = await ends(gopher, bad, "failed")

    assert (detail.losses, len(lines(tmp_path / "f"))) == (3, 3)
    assert detail.history[-1].outcome == "poison"
    for id in ids:
        assert (await ends(gopher, id)).attempts == 1


def sleeps(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"sleep\x00600\x00")
    except OSError:  # it has just gone
        return False


@pytest.mark.row("W3")
async def test_no_process_is_left_behind(gopher: Gopher, worker: Start) -> None:
    one = worker("--exec", "sleeper=sleep 600")
    left = await ends(gopher, await gopher.submit("children", "x"))
    await gopher.submit("sleeper")
    (runner,) = one.runners()
    await until(lambda: len([pid for pid in descendants(runner) if sleeps(pid)]) == 2)  # and that of the job
    pids = [runner, *descendants(runner), int(left.result)]

    one.process.kill()
    one.process.wait()

    await until(lambda: not any(map(alive, pids)))


# Cancelling, talking


@pytest.mark.parametrize("type", ["hold", "hold-thread"])
async def test_cancel_stops_a_running_job_soon(
    gopher: Gopher, worker: Start, tmp_path: Path, type: str
) -> None:
    worker(env=RARE)
    id = await gopher.submit(type, at(tmp_path / "f"))
    await until(lambda: lines(tmp_path / "f"))

    await gopher.cancel("default", [id])
    started = clock()
    await ends(gopher, id, "cancelled")

    assert awake(started) < STANDSTILL, "it has waited for a heartbeat"


async def test_what_a_handler_says_is_kept_with_its_job(gopher: Gopher, worker: Start) -> None:
    one = worker()
    detail = await ends(gopher, await gopher.submit("talk"))

    said = [line.split(" ", 1)[1] for line in detail.log]
    assert said == ["printed", "on stderr", "one", "two", "logged\x1b[31m", "without an end"]
    assert detail.progress == {"fraction": 1.0, "message": "past the end"}
    one.heard("completed type=talk")
    assert not any("printed" in line for line in one.said)


# Bursts, and processes that make way


async def test_a_burst_that_meets_a_queue_it_cannot_serve_says_so_in_its_exit_code(
    gopher: Gopher, worker: Start, redis: Any
) -> None:
    redis.set(gopher.keys("default")["ready_high"], "foreign")
    try:
        one = worker("--burst", wait=False)

        assert one.ended() == 65
        one.heard("foreign data")
    finally:
        redis.delete(gopher.keys("default")["ready_high"])


async def test_a_retry_runs_when_it_is_due_and_not_at_the_next_look(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    worker("--poll-interval", "5m")
    id = await gopher.submit("fail", backoff="fixed:1200ms:nojitter", max_retries=2)

    detail = await ends(gopher, id, "failed")

    gaps = [b.at - a.at for a, b in pairwise(detail.history)]
    assert len(gaps) == 2
    assert min(gaps) >= 1200


async def test_a_burst_ends_when_nothing_is_left(gopher: Gopher, worker: Start) -> None:
    ids = [await gopher.submit("echo", n) for n in range(30)]
    parent = await gopher.submit("parent", {})
    one = worker("--burst", "--processes", "2", wait=False)

    assert one.ended() == 0
    child = (await gopher.inspect("default", parent)).result
    assert {await state(gopher, id) for id in [*ids, child]} == {"completed"}


@pytest.mark.parametrize(
    ("words", "type", "payload"),
    [(("--max-jobs", "10"), "pid", None), (("--max-rss", "150MB"), "grow", 30)],
)
async def test_a_worn_process_is_replaced_and_nothing_is_lost(
    gopher: Gopher, worker: Start, words: tuple[str, ...], type: str, payload: Any
) -> None:
    one = worker(*words, "-c", "2")
    (first,) = one.runners()
    ids = [await gopher.submit(type, payload) for _ in range(6)]
    if type == "grow":
        one.heard("too large")
    ids += [await gopher.submit("pid") for _ in range(20)]

    details = [await ends(gopher, id) for id in ids]

    assert len({detail.result for detail in details}) >= 2
    assert all((detail.attempts, detail.losses) == (1, 0) for detail in details)
    await until(lambda: not alive(first))
    # The descriptors of replaced processes are closed.
    await until(lambda: len(os.listdir(f"/proc/{one.process.pid}/fd")) < 30)


@pytest.mark.row("W22")
async def test_a_broken_module_at_a_restart_is_waited_for(
    gopher: Gopher, worker: Start, tmp_path: Path, environ: dict[str, str]
) -> None:
    module = tmp_path / "changing.py"
    good = "from worker.apps import app\n"
    module.write_text(good)
    path = f"{tmp_path}:{environ['PYTHONPATH']}"
    one = worker("--app", "changing:app", env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})
    module.write_text("import nowhere\n")
    os.kill(one.runners()[0], signal.SIGKILL)
    one.heard("cannot start a runner process")

    module.write_text(good)

    await ends(gopher, await gopher.submit("echo", 1))


async def test_a_job_that_takes_its_whole_worker_down_takes_no_other_suspect_along(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    file = tmp_path / "f"
    culprit = await gopher.submit("kill", {"file": str(file), "pid": str(tmp_path / "pid")}, priority=6)
    others = [await gopher.submit("echo", n) for n in range(4)]
    for n in (1, 2):  # all of them were running when their worker died, twice
        await gopher.reserve("default", worker=f"d.{n}", token=f"d.{n}:t", sequence=1, count=5)
        await gopher.release("default", f"d.{n}", [culprit, *others])
    await gopher.pause("default")
    one = worker("-c", "5", "--processes", "2", env=SHORT)
    (tmp_path / "pid").write_text(str(one.process.pid))

    await gopher.pause("default", paused=False)
    one.ended()
    worker("-c", "5", env=SHORT)

    detail = await ends(gopher, culprit, "failed")
    assert (detail.losses, detail.history[-1].outcome, lines(file)) == (3, "poison", ["kills"])
    assert "takes its worker down; at last the worker that ran this job vanished" in detail.history[-1].error
    for id in others:
        assert (await ends(gopher, id)).attempts == 1


async def test_what_a_runner_has_done_counts_also_where_it_dies_before_it_says_so(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker("-c", "4")
    (runner,) = one.runners()
    await gopher.submit_many([new_job(gopher.defaults, "echo", n) for n in range(200)])
    await until(lambda: _completed(gopher, 200))
    await gopher.submit("hold", {"file": str(tmp_path / "f")})
    await until(lambda: lines(tmp_path / "f"))  # it has heard that the others are settled
    os.kill(runner, signal.SIGKILL)
    one.heard("a runner process died")

    async def told() -> bool:
        return [worker.completed for worker in await gopher.workers()] == [200]

    await until(told)


async def _completed(gopher: Gopher, count: int) -> bool:
    return (await gopher.depth("default")).counters.get("completed", 0) == count
