"""What handlers do to the loop that all of them share, and to its tasks: it is theirs alone."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.worker.execution.event_loop import best_loop, run_through
from worker.attempts import SOON, run
from worker.conftest import Work
from worker.processes import PATIENCE, Worker, ends

Start = Callable[..., Worker]


def stop() -> None:
    asyncio.get_running_loop().stop()


def interrupt() -> None:
    raise KeyboardInterrupt


async def leave() -> None:
    sys.exit(1)


async def in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(leave())


async def gathered() -> None:
    await asyncio.gather(leave())


async def in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(interrupt)
    await asyncio.sleep(0.01)


async def stopped() -> None:
    stop()
    await asyncio.sleep(0.01)


@pytest.fixture(params=["uvloop", "asyncio"])
def loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "asyncio":
        monkeypatch.setitem(sys.modules, "uvloop", None)
    made = best_loop()
    yield made
    made.close()
    asyncio.set_event_loop(None)


@pytest.mark.row("W11")
@pytest.mark.parametrize("wish", [in_a_group, gathered, in_a_callback, stopped])
def test_what_leaves_the_loop_ends_only_who_awaits_it(
    loop: Any, wish: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    async def main() -> tuple[str, str]:
        neighbour = asyncio.create_task(asyncio.sleep(0.03, "as ever"))
        try:
            await wish()
            said = "nothing"
        except SystemExit as error:
            said = f"exit {error.code}"
        return said, await neighbour

    said = "exit 1" if wish in (in_a_group, gathered) else "nothing"
    assert run_through(loop, main()) == (said, "as ever")


def test_a_fork_that_awaits_runs_no_task_of_others(loop: Any) -> None:
    read, write = os.pipe()

    async def fork() -> int:
        pid = os.fork()
        if pid == 0:
            await asyncio.sleep(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    async def note() -> None:
        os.write(write, b"%d\n" % os.getpid())

    async def main() -> int:
        code, *_ = await asyncio.gather(fork(), note(), note())
        return code

    assert run_through(loop, main()) == 1
    os.close(write)
    assert os.read(read, 100) == b"%d\n" % os.getpid() * 2
    os.close(read)


def test_what_the_main_of_the_loop_raises_is_raised(loop: Any) -> None:
    with pytest.raises(SystemExit):
        run_through(loop, leave())


def test_tasks_that_are_not_of_a_handler_are_not_shown_to_handlers(loop: Any) -> None:
    async def main() -> set[Any]:
        return asyncio.all_tasks()

    assert run_through(loop, main()) == set()


def test_threads_of_handlers_that_do_not_end_keep_nobody_from_finding_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    monkeypatch.setattr("gopher_cli.worker.execution.event_loop._THREADS", 2)
    loop, end = best_loop(), threading.Event()

    async def main() -> Any:
        for _ in range(4):
            loop.run_in_executor(None, end.wait)
        return await asyncio.wait_for(loop.getaddrinfo("localhost", 6379), PATIENCE)

    try:
        assert run_through(loop, main())
    finally:
        end.set()


# Slots


class Rude(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise SystemExit


class Nameless(Exception, metaclass=Rude):
    pass


class Speechless(Exception):
    def __str__(self) -> str:
        raise SystemExit(2)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise asyncio.CancelledError


RUDE = (Nameless("x"), Speechless("x"), Unprintable("x"))


def registry_of_the_rude() -> Registry:
    registry = Registry()

    @registry.handler("cancels")
    async def cancels(payload: Any) -> str:
        task = asyncio.current_task()
        assert task
        task.cancel()
        return "done"

    @registry.handler("raises")
    async def raises(payload: int) -> None:
        raise RUDE[payload]

    @registry.handler("raises-thread")
    def raises_thread(payload: int) -> None:
        raise RUDE[payload]

    @registry.handler("echo")
    async def echo(payload: Any) -> Any:
        await asyncio.sleep(0)
        return payload

    @registry.handler("late")
    async def late(payload: Any) -> None:
        task = asyncio.current_task()
        assert task
        asyncio.get_running_loop().call_later(0.02, task.cancel)

    @registry.handler("short")
    async def short(payload: Any) -> None:
        await asyncio.sleep(0.005)

    @registry.handler("cancels-all")
    async def cancels_all(payload: Any) -> str:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return "done"

    return registry


@pytest.mark.anyio
async def test_a_handler_that_cancels_its_task_and_returns_leaves_its_slot(
    gopher: Gopher, runner: Work
) -> None:
    ids = [await gopher.submit(type) for type in ["cancels"] * 3 + ["echo"] * 3]
    await run(runner, registry=registry_of_the_rude(), concurrency=2)

    assert {(await gopher.inspect("default", id)).state for id in ids} == {"completed"}


@pytest.mark.anyio
async def test_a_cancellation_that_comes_late_costs_no_attempt_of_the_jobs_that_follow(
    gopher: Gopher, runner: Work
) -> None:
    ids = [await gopher.submit(type) for type in (["late"] + ["short"] * 10) * 2]
    await run(runner, registry=registry_of_the_rude(), concurrency=1)

    found = [await gopher.inspect("default", id) for id in ids]
    assert {(one.state, one.attempts) for one in found} == {("completed", 1)}


@pytest.mark.row("W11")
@pytest.mark.anyio
@pytest.mark.parametrize("type", ["raises", "raises-thread"])
async def test_an_error_that_cannot_even_be_looked_at_is_a_failed_attempt(
    gopher: Gopher, runner: Work, type: str
) -> None:
    ids = [await gopher.submit(type, n, **SOON) for n in range(len(RUDE))]
    other = await gopher.submit("echo", 1)
    await run(runner, registry=registry_of_the_rude(), concurrency=1)

    found = [await gopher.inspect("default", id) for id in ids]
    assert [(one.state, one.attempts) for one in found] == [("retrying", 1)] * len(RUDE)
    assert [one.history[0].error.partition(":")[0] for one in found] == [
        "Nameless", "Speechless", "Unprintable",
    ]  # fmt: skip
    assert (await gopher.inspect("default", other)).state == "completed"


# As a whole


@pytest.mark.anyio
async def test_a_job_that_wants_to_end_the_process_by_a_subtask_fails_alone_and_all_others_are_done(
    gopher: Gopher, worker: Start
) -> None:
    one = worker()
    (process,) = one.runners()
    neighbour = await gopher.submit("sleep-a-moment")
    bad = {what: await gopher.submit("ends-the-loop", what, max_retries=0) for what in
           ("exit", "interrupt", "callback", "stop", "cancel-all")}  # fmt: skip

    for what in ("exit", "interrupt"):
        detail = await ends(gopher, bad[what], "failed")
        assert (detail.attempts, detail.losses, detail.history[0].outcome) == (1, 0, "failed")
    for what in ("callback", "stop", "cancel-all"):
        await ends(gopher, bad[what])
    assert (await ends(gopher, neighbour)).attempts == 1
    assert one.runners() == [process]


@pytest.mark.anyio
async def test_an_app_may_run_a_loop_at_its_import(
    gopher: Gopher, worker: Start, environ: dict[str, str], tmp_path: Path
) -> None:
    source = "import asyncio\nfrom worker.apps import app\nasyncio.run(asyncio.sleep(0))\n"
    (tmp_path / "runs_a_loop.py").write_text(source)
    worker("--app", "runs_a_loop:app", env={"PYTHONPATH": f"{tmp_path}:{environ['PYTHONPATH']}"})

    assert (await ends(gopher, await gopher.submit("echo", 1))).result == 1
