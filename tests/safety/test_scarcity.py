"""Nothing left of something: descriptors, threads, disk. Jobs wait for better times, and none is lost."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from worker.processes import PATIENCE, Worker, children_of, ends, until

from gopher_cli.gopher import Gopher
from safety.conftest import APP

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]


async def reason(gopher: Gopher, id: str) -> Any:
    """Why the worker has put it off, once it has."""

    async def there() -> Any:
        detail = await gopher.inspect("default", id)
        return detail.history[-1] if detail.state == "scheduled" else None

    return await until(there)


@pytest.mark.row("W24")
async def test_out_of_descriptors_programs_wait_and_other_jobs_run(
    gopher: Gopher, worker: Start, program: Any
) -> None:
    one = worker("--app", APP, "--exec", f"hello={program('echo hello')}")
    await ends(gopher, await gopher.submit("hello"))
    (runner,) = one.runners()
    before = resource.prlimit(runner, resource.RLIMIT_NOFILE)
    used = max(int(fd.name) for fd in Path(f"/proc/{runner}/fd").iterdir()) + 1
    resource.prlimit(runner, resource.RLIMIT_NOFILE, (used, before[1]))

    waiting = [await gopher.submit(type, 1, timeout=60) for type in ("hello", "echo-isolated")]
    for id in waiting:
        put_off = await reason(gopher, id)
        assert (put_off.outcome, "Too many open files" in put_off.error) == ("snoozed", True)
    await ends(gopher, await gopher.submit("echo", 1))

    resource.prlimit(runner, resource.RLIMIT_NOFILE, before)
    for id in waiting:
        detail = await ends(gopher, id)
        assert (detail.attempts, detail.losses) == (1, 0)
    assert one.runners() == [runner]


@pytest.mark.row("W24")
async def test_out_of_threads_their_jobs_wait_and_others_run(gopher: Gopher, worker: Start) -> None:
    one = worker("--app", APP, env={"NO_THREADS": "1"})
    (runner,) = one.runners()
    waiting = [await gopher.submit("echo-thread", n) for n in range(3)]
    for id in waiting:
        put_off = await reason(gopher, id)
        assert (put_off.outcome, "can't start new thread" in put_off.error) == ("snoozed", True)

    await ends(gopher, await gopher.submit("threads-again"))
    for id in waiting:
        detail = await ends(gopher, id)
        assert (detail.attempts, detail.losses) == (1, 0)
    assert one.runners() == [runner]


class Logged:
    """A worker whose log is a file, or whatever stands there."""

    def __init__(self, environ: dict[str, str], log: Path, *words: str) -> None:
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gopher_cli", "worker", *words],
                env=environ, stderr=file, stdout=file, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.mark.row("W23")
async def test_with_a_log_that_cannot_be_written_jobs_run_and_the_worker_stops_well(
    gopher: Gopher, environ: dict[str, str], tmp_path: Path
) -> None:
    one = Logged(environ, Path("/dev/full"), "--app", APP)
    try:
        for n in range(5):
            await ends(gopher, await gopher.submit("echo", n))
        one.process.terminate()

        assert one.process.wait(PATIENCE) == 0
    finally:
        one.kill()


@pytest.mark.row("W23")
async def test_when_the_disk_has_room_again_the_log_tells_how_many_lines_are_lost(
    gopher: Gopher, environ: dict[str, str], tmp_path: Path
) -> None:
    """A limit on the size of files stands for the disk: what is written past it is refused too."""
    log = tmp_path / "log"
    one = Logged(environ, log, "--app", APP)
    try:
        first = await gopher.submit("echo", 0)
        await until(lambda: first in log.read_text())
        (runner,) = children_of(one.process.pid)
        before = resource.prlimit(runner, resource.RLIMIT_FSIZE)
        resource.prlimit(runner, resource.RLIMIT_FSIZE, (os.stat(log).st_size, before[1]))
        for n in range(7):
            await ends(gopher, await gopher.submit("echo", n))

        resource.prlimit(runner, resource.RLIMIT_FSIZE, before)
        last = await gopher.submit("echo", 8)
        await until(lambda: last in log.read_text())
    finally:
        one.kill()

    told = log.read_text()
    (lost,) = re.findall(r"are lost lines=([0-9]+)", told)
    assert int(lost) >= 5  # a line is written a moment after its job has completed
    assert told.count("completed") + int(lost) == 9


FULL = """
import errno, os
mkdir = os.mkdir
def refuse(path, *args, **named):
    if "/gopher-" in str(path) and os.path.exists({full!r}):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    return mkdir(path, *args, **named)
os.mkdir = refuse
"""


@pytest.mark.row("W23")
async def test_without_room_for_its_files_a_program_waits_and_spends_no_attempt(
    gopher: Gopher, worker: Start, program: Any, environ: dict[str, str], tmp_path: Path
) -> None:
    full = tmp_path / "full"
    full.touch()
    (tmp_path / "sitecustomize.py").write_text(FULL.format(full=str(full)))
    worker(
        "--app", APP, "--exec", f"hello={program('echo hello')}",
        env={"PYTHONPATH": f"{tmp_path}:{environ['PYTHONPATH']}"},
    )  # fmt: skip
    id = await gopher.submit("hello")
    put_off = await reason(gopher, id)
    await ends(gopher, await gopher.submit("echo"))
    full.unlink()
    detail = await ends(gopher, id)

    assert (put_off.outcome, "No space left on device" in put_off.error) == ("snoozed", True)
    assert (detail.attempts, detail.losses) == (1, 0)
