"""What keeps a program or an isolated handler from beginning is no loss and no attempt of its job."""

from __future__ import annotations

import os
import resource
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from worker.processes import Worker, descendants, ends

from gopher_cli.gopher import Gopher
from gopher_cli.load_handlers import load_registry
from safety.conftest import APP
from safety.test_scarcity import reason

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process, in which the runner lives, has more files open than select() could name."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, before[1]), before[1]))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.row("W24")
async def test_with_more_than_1024_files_open_programs_and_isolated_handlers_run(
    many_files: None, script: Any, isolated: Any
) -> None:
    program, handler = await script("echo 7"), await isolated("echo-isolated", 8)

    assert [(one.result, one.attempts, one.losses) for one in (program, handler)] == [(7, 1, 0), (8, 1, 0)]


@pytest.mark.row("W22")
@pytest.mark.parametrize("broken", ["import not_there_yet", "raise SystemExit(3)", "import os; os._exit(7)"])
async def test_an_app_that_does_not_load_at_the_moment_is_waited_for_by_isolated_jobs(
    gopher: Gopher, worker: Start, tmp_path: Path, environ: dict[str, str], broken: str
) -> None:
    module = tmp_path / "changing.py"
    good = "from safety.apps import app\n"
    module.write_text(good, encoding="utf-8")
    path = f"{tmp_path}:{environ['PYTHONPATH']}"
    one = worker("--app", "changing:app", env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})
    module.write_text(f"{good}{broken}\n", encoding="utf-8")
    ids = [await gopher.submit("echo-isolated", n, max_retries=0) for n in range(3)]
    for id in ids:
        put_off = await reason(gopher, id)
        assert (put_off.outcome, "could not start its process" in put_off.error) == ("snoozed", True)
    if "import not" in broken:
        assert "No module named 'not_there_yet'" in put_off.error

    module.write_text(good, encoding="utf-8")

    for n, id in enumerate(ids):
        detail = await ends(gopher, id)
        assert (detail.result, detail.attempts, detail.losses) == (n, 1, 0)
    assert len([line for line in one.said if "cannot start: their jobs wait" in line]) == 1
    one.heard("processes of jobs start again")


async def test_a_start_that_takes_longer_than_the_timeout_of_its_job_is_no_part_of_it(
    gopher: Gopher, worker: Start, tmp_path: Path, environ: dict[str, str]
) -> None:
    module = tmp_path / "slow.py"
    good = "from safety.apps import app\n"
    module.write_text(good, encoding="utf-8")
    path = f"{tmp_path}:{environ['PYTHONPATH']}"
    worker("--app", "slow:app", env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})
    module.write_text(f"{good}import time\ntime.sleep(1.5)\n", encoding="utf-8")

    detail = await ends(gopher, await gopher.submit("echo-isolated", 5, timeout=1.0, max_retries=0))

    assert (detail.result, detail.attempts, detail.history) == (5, 1, [])


@pytest.mark.row("W22")
async def test_a_start_that_takes_for_ever_costs_its_job_nothing(
    gopher: Gopher, worker: Start, tmp_path: Path, environ: dict[str, str]
) -> None:
    """Handlers that hang when they are loaded: a seat is not held for ever."""
    module = tmp_path / "hanging.py"
    good = (
        "from gopher_cli.worker.runner import slots\nfrom safety.apps import app\nslots.STARTS_WITHIN = 0.5\n"
    )
    module.write_text(good, encoding="utf-8")
    path = f"{tmp_path}:{environ['PYTHONPATH']}"
    one = worker("--app", "hanging:app", env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})
    module.write_text(f"{good}import time\ntime.sleep(600)\n", encoding="utf-8")
    id = await gopher.submit("echo-isolated", 5, timeout=60, max_retries=0)

    put_off = await reason(gopher, id)

    assert (put_off.outcome, "it was not ready within" in put_off.error) == ("snoozed", True)
    one.heard("a job could not start: it waits")
    detail = await gopher.inspect("default", id)
    assert (detail.attempts, detail.losses) == (0, 0)


@pytest.mark.row("W22")
@pytest.mark.parametrize("point", ["keeper.prepared", "child.ready"])
async def test_a_process_that_dies_before_the_job_begins_costs_the_job_nothing(
    gopher: Gopher, worker: Start, program: Any, point: str
) -> None:
    armed = {"GOPHER_TESTING": "1", "GOPHER_FAILPOINT": f"{point}:kill9"}
    words = ("--exec", f"hello={program('echo hello')}", "--app", APP)
    one = worker(*words, env=armed)
    types = {"keeper.prepared": ["hello", "echo-isolated"], "child.ready": ["echo-isolated"]}[point]
    ids = [await gopher.submit(type, "x", max_retries=0) for type in types]
    for id in ids:
        assert "could not start its process" in (await reason(gopher, id)).error
    one.signal(signal.SIGTERM)
    assert one.ended() == 0

    worker(*words)

    for id in ids:
        detail = await ends(gopher, id)
        assert (detail.attempts, detail.losses) == (1, 0)


async def test_an_idle_process_that_was_killed_is_replaced_and_the_next_job_knows_nothing_of_it(
    gopher: Gopher, worker: Start
) -> None:
    one = worker("--app", APP)
    await ends(gopher, await gopher.submit("echo-isolated", 1))
    (runner,) = one.runners()
    (child,) = [pid for pid in descendants(runner) if b"programs.isolated_child" in command_line(pid)]

    os.kill(child, signal.SIGKILL)
    detail = await ends(gopher, await gopher.submit("echo-isolated", 2, max_retries=0))

    assert (detail.result, detail.attempts, detail.losses) == (2, 1, 0)


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just gone
        return b""


async def test_a_program_that_is_being_replaced_is_waited_for(
    gopher: Gopher, worker: Start, program: Any
) -> None:
    path = program("echo new")
    worker("--exec", f"changing={path}")
    text = path.read_text(encoding="utf-8")
    path.unlink()
    id = await gopher.submit("changing", max_retries=0)
    assert "No such file" in (await reason(gopher, id)).error

    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)

    detail = await ends(gopher, id)
    assert (detail.result, detail.attempts, detail.losses) == ("new", 1, 0)


async def test_what_can_never_be_run_is_a_failure_of_its_own(
    gopher: Gopher, burst: Any, tmp_path: Path
) -> None:
    path = tmp_path / "no-program"
    path.write_text("neither a script nor a program\n", encoding="utf-8")
    path.chmod(0o755)
    id = await gopher.submit("bad", max_retries=0)
    await burst(load_registry("", [("bad", str(path))]))

    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.attempts, detail.losses) == ("failed", 1, 0)
    assert "Exec format error" in detail.history[0].error
