"""What signals mean to a worker, whoever sends them to which of its processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.process_setup import TOGETHER
from gopher_cli.worker.supervisor.orders import Orders
from worker.conftest import APP
from worker.processes import PATIENCE, Worker, alive, children_of, descendants, ends, lines, state, until

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]


def at(file: Path) -> dict[str, str]:
    return {"file": str(file)}


def signal_all(one: Worker, number: int) -> None:
    """As a service manager does, whose unit is a control group."""
    for pid in [one.process.pid, *descendants(one.process.pid)]:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


@pytest.mark.row("W9")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_order_to_every_process_three_times_in_a_row_costs_no_job_anything(
    gopher: Gopher, worker: Start, tmp_path: Path, number: int
) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho x >> {tmp_path}/p\n[ -e {tmp_path}/p.go ] || sleep 600\n")
    program.chmod(0o755)
    words = ("--exec", f"program={program}")
    types = {"order-isolated": "i", "hold": "h"}
    program_job = await gopher.submit("program", {})
    for n in range(3):
        one = worker(*words)
        ids = [await gopher.submit(type, at(tmp_path / file)) for type, file in types.items()]
        for file in "pih":
            await until(lambda file=file, n=n: len(lines(tmp_path / file)) > n)
        signal_all(one, number)
        one.heard("running jobs may finish")
        for file in "ih":
            (tmp_path / f"{file}.go").touch()
        assert one.ended() == 0
        detail = await gopher.inspect("default", program_job)
        assert (detail.state, detail.attempts, detail.losses) == ("enqueued", 0, 0)
        for id in ids:
            detail = await gopher.inspect("default", id)
            assert (detail.state, detail.attempts, detail.losses) == ("completed", 1, 0)
        for file in "ih":
            (tmp_path / f"{file}.go").unlink()

    (tmp_path / "p.go").touch()
    worker(*words)
    detail = await ends(gopher, program_job)
    assert (detail.attempts, detail.losses) == (1, 0)


@pytest.mark.parametrize("code", [0, 1, 78])
async def test_a_program_that_hears_the_order_itself_may_end_with_a_code_of_its_own(
    gopher: Gopher, worker: Start, tmp_path: Path, code: int
) -> None:
    """It traps SIGTERM: with 0 it is done, with any other it spends no attempt."""
    program = tmp_path / "program"
    trap = f"trap 'sleep 0.1; exit {code}' TERM"
    program.write_text(f"#!/bin/sh\n{trap}\necho x >> {tmp_path}/p\nwhile :; do sleep 0.02; done\n")
    program.chmod(0o755)
    id = await gopher.submit("program", {}, max_retries=0)
    one = worker("--exec", f"program={program}")
    await until(lambda: lines(tmp_path / "p"))

    signal_all(one, signal.SIGTERM)

    assert one.ended() == 0
    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.attempts) == (("enqueued", 0) if code else ("completed", 1))
    assert detail.losses == 0


async def test_a_program_that_fails_while_its_worker_alone_is_told_to_stop_has_failed(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    wait = f"while [ ! -e {tmp_path}/p.go ]; do sleep 0.02; done"
    program.write_text(f"#!/bin/sh\necho x >> {tmp_path}/p\n{wait}\nexit 1\n")
    program.chmod(0o755)
    id = await gopher.submit("program", {}, max_retries=0)
    one = worker("--exec", f"program={program}")
    await until(lambda: lines(tmp_path / "p"))

    one.signal(signal.SIGTERM)
    one.heard("running jobs may finish")
    (tmp_path / "p.go").touch()

    assert one.ended() == 0
    assert (await gopher.inspect("default", id)).state == "failed"


@pytest.mark.row("W12")
async def test_a_program_that_is_killed_while_nobody_stops_its_worker_is_a_loss(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nkill -TERM $$\nsleep 600\n")
    program.chmod(0o755)
    worker("--exec", f"program={program}")

    detail = await ends(gopher, await gopher.submit("program"), "failed")

    assert (detail.attempts, detail.losses) == (0, 3)


@pytest.mark.row("W10")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_the_group_of_a_worker_leaves_programs_of_its_handlers_alone(
    gopher: Gopher, worker: Start, tmp_path: Path, number: int
) -> None:
    one = worker()
    id = await gopher.submit("waits-for-a-program", at(tmp_path / "f"), max_retries=0)
    await until(lambda: lines(tmp_path / "f"))

    os.killpg(one.process.pid, number)
    one.heard("running jobs may finish")
    (tmp_path / "f.go").touch()

    assert one.ended() == 0
    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.attempts) == ("completed", 1)


@pytest.mark.row("W9")
async def test_a_program_of_a_handler_that_dies_of_the_order_to_stop_is_no_failure_of_its_job(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker()
    ids = [await gopher.submit("waits-for-a-program", at(tmp_path / "f"), max_retries=0)]
    ids += [await gopher.submit("waits-for-a-program-isolated", at(tmp_path / "g"), max_retries=0)]
    await until(lambda: lines(tmp_path / "f") and lines(tmp_path / "g"))

    signal_all(one, signal.SIGTERM)

    assert one.ended() == 0
    for id in ids:
        detail = await gopher.inspect("default", id)
        assert (detail.state, detail.attempts, detail.losses) == ("enqueued", 0, 0)


async def test_programs_of_threaded_handlers_end_with_the_process_that_ran_them(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker()
    await gopher.submit("waits-for-a-program", at(tmp_path / "f"))
    await until(lambda: lines(tmp_path / "f"))
    await gopher.pause("default")
    (runner,) = one.runners()
    left = descendants(runner)

    os.kill(runner, signal.SIGKILL)

    await until(lambda: left and not any(map(alive, left)))


@pytest.mark.row("W9")
async def test_two_orders_at_one_moment_are_one_and_a_later_one_ends_it_at_once(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker()
    id = await gopher.submit("hold", at(tmp_path / "f"))
    await until(lambda: lines(tmp_path / "f"))

    one.signal(signal.SIGTERM)
    one.signal(signal.SIGINT)
    one.heard("running jobs may finish")
    (tmp_path / "f.go").touch()

    assert one.ended() == 0
    assert await state(gopher, id) == "completed"


def test_the_first_order_to_a_worker_that_stops_by_itself_is_no_second_one() -> None:
    told: list[tuple[float, int]] = []
    crew: Any = SimpleNamespace(stopping=asyncio.Event(), stop=lambda *order: told.append(order))
    crew.stopping.set()  # the data is not its own any more
    orders = Orders(crew)

    orders._end(signal.SIGTERM)
    orders._end(signal.SIGTERM)
    assert told == []

    time.sleep(TOGETHER)
    orders._end(signal.SIGTERM)
    assert told == [(0, 143)]


async def test_a_quiet_worker_takes_no_new_jobs_until_it_is_told_to_go_on(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker("-c", "2")
    running = await gopher.submit("hold", at(tmp_path / "f"))
    await until(lambda: lines(tmp_path / "f"))

    one.signal(signal.SIGTSTP)
    one.heard("quiet: no new jobs")
    waiting = await gopher.submit("echo", 1)
    await until(lambda: states(gopher, "quiet"))
    (tmp_path / "f.go").touch()
    await ends(gopher, running)
    os.kill(one.runners()[0], signal.SIGKILL)  # its successor is as quiet
    one.heard("a runner process died")
    await until(lambda: [pid for pid in one.runners() if alive(pid)])
    assert await state(gopher, waiting) == "enqueued"

    one.signal(signal.SIGCONT)
    await ends(gopher, waiting)
    one.signal(signal.SIGTERM)
    assert one.ended() == 0


async def test_orders_from_afar_are_heeded_as_signals_are(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker("-c", "2", "--name", "mail")
    running = await gopher.submit("hold", at(tmp_path / "f"))
    await until(lambda: lines(tmp_path / "f"))

    await gopher.order("mail", "quiet")
    one.heard("quiet by order of an operator")
    await until(lambda: states(gopher, "quiet"))
    waiting = await gopher.submit("echo", 1)
    (tmp_path / "f.go").touch()
    await ends(gopher, running)
    assert await state(gopher, waiting) == "enqueued"

    await gopher.order("mail", "resume")
    await ends(gopher, waiting)
    await gopher.order("mail", "stop")
    one.heard("stopping by order of an operator")
    assert one.ended() == 0
    assert await gopher.workers() == []


def test_a_signal_after_an_order_to_stop_is_no_second_one_and_orders_never_insist() -> None:
    told: list[tuple[float, ...]] = []
    stopping = asyncio.Event()
    options = SimpleNamespace(grace=30.0)
    crew: Any = SimpleNamespace(
        stopping=stopping, options=options, stop=lambda *order: (told.append(order), stopping.set())
    )
    orders = Orders(crew)

    orders.obey("stop")
    orders.obey("stop")
    orders._end(signal.SIGTERM)

    assert told == [(30.0,)], "its exit code stays"


async def states(gopher: Gopher, wanted: str) -> bool:
    return [one.state for one in await gopher.workers()] == [wanted]


async def test_sigusr1_tells_where_every_running_job_is_even_one_that_blocks_its_loop(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker()
    types = ("hold", "hold-thread", "hold-isolated", "holds-the-loop")
    for type in types:
        await gopher.submit(type, at(tmp_path / type))
        await until(lambda file=type: lines(tmp_path / file))

    one.signal(signal.SIGUSR2)  # means nothing
    one.signal(signal.SIGUSR1)

    for function in ("hold", "hold_thread", "hold_the_loop", "in a process of its own"):
        one.heard("running id=", times=1)
        await until(lambda function=function: any(function in said for said in one.said))
    for type in types:
        (tmp_path / f"{type}.go").touch()
    one.signal(signal.SIGTERM)
    assert one.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
async def test_a_signal_that_is_ignored_when_it_starts_stays_ignored(
    gopher: Gopher, environ: dict[str, str], tmp_path: Path, number: int
) -> None:
    """As `nohup` does with SIGHUP, and a script with SIGINT of what it starts in the background."""
    words = [sys.executable, "-m", "gopher_cli", "worker", "--app", APP]
    with subprocess.Popen(
        words, env=environ, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN) and None,
    ) as process:  # fmt: skip
        try:
            assert process.stderr
            while b"serving" not in process.stderr.readline():
                assert process.poll() is None
            os.killpg(process.pid, number)
            id = await gopher.submit("echo", 1)
            await ends(gopher, id)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
async def test_a_worker_whose_standard_streams_are_closed_works(
    gopher: Gopher, environ: dict[str, str], tmp_path: Path, closed: tuple[int, ...]
) -> None:
    words = [sys.executable, "-m", "gopher_cli", "worker", "--app", APP, "--exec", "hi=/bin/echo hi"]
    ids = [await gopher.submit(type, "x") for type in ("echo", "talk", "echo-isolated", "hi")]
    process = subprocess.Popen(
        words, env=environ, preexec_fn=lambda: [os.close(fd) for fd in closed] and None,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for id in ids:
            await ends(gopher, id)
        (runner,) = children_of(process.pid)
        for fd in closed:
            assert os.readlink(f"/proc/{runner}/fd/{fd}") == os.devnull
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


async def test_blocked_signals_and_an_ignored_sigchld_are_not_inherited(
    gopher: Gopher, environ: dict[str, str]
) -> None:
    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    words = [sys.executable, "-m", "gopher_cli", "worker", "--app", APP, "--exec", "hi=/bin/echo hi"]
    process = subprocess.Popen(words, env=environ, preexec_fn=prepare, stderr=subprocess.DEVNULL)
    try:
        detail: Any = await ends(gopher, await gopher.submit("hi"))
        assert detail.result == "hi"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
