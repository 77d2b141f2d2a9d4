"""Executables as handlers."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import pytest

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Handler, Runs
from gopher_cli.load_handlers import load_registry
from gopher_cli.model.errors import BadConfig
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import Lease
from gopher_cli.model.job.terms import terms_of
from gopher_cli.worker.execution.attempt import Attempt
from gopher_cli.worker.programs import program as program_module
from gopher_cli.worker.programs.program_environment import variables_of
from worker.conftest import Work
from worker.processes import TESTS, Worker, alive, ends, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def script(gopher: Gopher, runner: Work, tmp_path: Path) -> Any:
    """Runs a job by a shell script; answers what is known of it."""

    async def run(text: str, payload: Any = None, **options: Any) -> Any:
        path = tmp_path / "script"
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        registry = load_registry("", [("script", f"{path} one 'two words'")])
        id = await gopher.submit("script", payload, **options)
        await runner(registry, burst=True).run()
        return await gopher.inspect("default", id)

    return run


async def test_the_payload_comes_on_stdin_and_the_result_is_the_last_line(script: Any) -> None:
    detail = await script('echo talk; cat; echo; echo "[\\"$2\\", 1]"', {"n": "x" * 100_000})

    assert (detail.state, detail.result) == ("completed", ["two words", 1])


@pytest.mark.parametrize(
    ("out", "result"), [("echo plain text", "plain text"), (":", None), (r"printf '\xff'", "\\xff")]
)
async def test_a_result_need_not_be_json(script: Any, out: str, result: Any) -> None:
    assert (await script(out)).result == result


async def test_stderr_is_the_log_of_the_job(script: Any) -> None:
    detail = await script("echo one >&2; printf 'two\\nthr' >&2; sleep 0.05; printf 'ee' >&2")

    assert [line.split(" ", 1)[1] for line in detail.log] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("code", "state", "outcome"),
    [(75, "retrying", "failed"), (64, "failed", "discarded"), (65, "failed", "discarded"),
     (78, "failed", "discarded"), (1, "retrying", "failed")],
)  # fmt: skip
async def test_the_exit_code_decides(script: Any, code: int, state: str, outcome: str) -> None:
    detail = await script(f"exit {code}")

    assert (detail.state, detail.history[0].outcome, detail.history[0].exit_code) == (state, outcome, code)


@pytest.mark.parametrize("code", [129, 130, 143])
async def test_a_runner_that_makes_way_explains_no_exit_code_of_an_order_to_stop(
    gopher: Gopher, runner: Work, tmp_path: Path, code: int
) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)
    id = await gopher.submit("program", None)

    await runner(load_registry("", [("program", str(program))]), max_jobs=1).run()

    detail = await gopher.inspect("default", id)
    assert (detail.attempts, detail.history[0].outcome, detail.history[0].exit_code) == (1, "failed", code)


async def test_a_program_that_is_killed_is_a_loss(script: Any) -> None:
    detail = await script("kill -9 $$")

    assert (detail.state, detail.losses, detail.attempts) == ("failed", 3, 0)
    assert "killed by SIGKILL" in detail.history[0].error


async def test_no_secret_and_no_payload_is_seen_from_outside(
    script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "s3cret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    detail = await script(
        "env >&2; tr '\\0' ' ' < /proc/$$/cmdline >&2", {"card": "4111"}, headers={"trace-id": "abc"}
    )
    said = "\n".join(detail.log)

    assert "s3cret" not in said
    assert "4111" not in said
    for name in (
        f"GOPHER_JOB_ID={detail.id}",
        "GOPHER_ATTEMPT=1",
        "GOPHER_QUEUE=default",
        "GOPHER_HEADER_TRACE_ID=abc",
    ):
        assert name in said


async def test_endless_output_is_bounded_and_its_end_is_kept(script: Any) -> None:
    detail = await script("head -c 3000000 /dev/zero | tr '\\0' x; echo; seq 200000 >&2; echo '\"end\"'")

    assert detail.result == "end"
    assert sum(map(builders.kept, detail.log)) < 70_000
    assert detail.log[-1].endswith(" 200000")


async def test_a_line_without_end_is_bounded_too(script: Any) -> None:
    detail = await script("head -c 3000000 /dev/zero | tr '\\0' x >&2")

    assert detail.state == "completed"
    assert sum(map(builders.kept, detail.log)) < 70_000


async def test_what_a_program_has_written_is_read_although_its_runner_stands_still_at_its_end(
    script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drained = program_module._drained

    async def late(followers: Any) -> None:
        asyncio.get_running_loop().call_soon(time.sleep, 0.3)
        await drained(followers)

    monkeypatch.setattr(program_module, "_DRAIN", (20, 0.01))
    monkeypatch.setattr(program_module, "_drained", late)

    detail = await script("head -c 900000 /dev/zero | tr '\\0' x")

    assert detail.result == "x" * 900_000


async def test_a_grandchild_that_holds_the_pipes_is_not_waited_for(script: Any, tmp_path: Path) -> None:
    detail = await script(f"sleep 600 & echo $! > {tmp_path}/pid; echo done", timeout=60)

    assert detail.result == "done"
    await until(lambda: not alive(int((tmp_path / "pid").read_text())))


async def test_a_grandchild_that_has_left_the_group_is_found_and_keeps_nothing_of_ours_open(
    script: Any, tmp_path: Path
) -> None:
    def pipes() -> int:
        return sum("pipe:" in target(link) for link in Path("/proc/self/fd").iterdir())

    def target(link: Path) -> str:
        try:
            return str(link.readlink())
        except OSError:  # it has just been closed
            return ""

    before = pipes()
    detail = await script(f"setsid sleep 600 & echo $! > {tmp_path}/pid; echo done", timeout=60)

    assert detail.result == "done"
    await until(lambda: not alive(int((tmp_path / "pid").read_text())))
    await until(lambda: pipes() <= before)  # those of others may go meanwhile


async def test_a_program_need_not_read_its_input(script: Any) -> None:
    detail = await script("exec <&-; echo 1", "x" * 900_000)

    assert detail.result == 1


@pytest.mark.parametrize(
    ("text", "timeout"),
    [("trap '' TERM; echo $$ > {pid}; while :; do sleep 0.05; done", 1.5),
     ("sleep 600 & echo $! > {pid}; wait", 0.5)],
    ids=["itself, though it ignores SIGTERM", "and its group"],
)  # fmt: skip
async def test_a_program_past_its_timeout_is_ended(
    script: Any, tmp_path: Path, text: str, timeout: float
) -> None:
    pid = tmp_path / "pid"
    for longer in (1, 4, 16):  # a slow machine takes its time until the program has begun
        detail = await script(text.format(pid=pid), timeout=timeout * longer, max_retries=0)
        if pid.exists() and pid.read_text():
            break

    assert detail.history[0].outcome == "timed out"
    await until(lambda: not alive(int(pid.read_text())))


# Its own gopher


async def test_the_gopher_of_a_program_finds_the_queue_that_its_job_came_from(
    gopher: Gopher, worker: Callable[..., Worker], tmp_path: Path
) -> None:
    path = tmp_path / "submits"
    path.write_text(
        f"#!/bin/sh\n{sys.executable} -m gopher_cli submit -q -t echo -p '\"of a program\"'\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    worker("--exec", f"submits={path}")

    parent = await ends(gopher, await gopher.submit("submits"))

    child = await ends(gopher, parent.result)
    assert child.result == "of a program"


def test_inside_of_a_job_no_server_is_started(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GOPHER_JOB_ID": "j"}
    environ |= {"PYTHONPATH": str(TESTS.parent)}
    for more in ({}, {"GOPHER_REDIS_URL": "embedded://other"}):
        words = [sys.executable, "-m", "gopher_cli", "submit", "-t", "math", "-p", "{}"]
        done = subprocess.run(words, env=environ | more, capture_output=True, text=True, encoding="utf-8")

        assert done.returncode == 78
        assert "GOPHER_JOB_ID" in done.stderr and "REDIS_URL" in done.stderr
    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(redis_url="redis://h:1/2"), "redis://h:1/2"),
        (Settings(redis_url="redis://ann@h:1"), "redis://ann@h:1"),
        (Settings(redis_url="redis://:s3cret@h:1"), None),
        (Settings(redis_url="redis://h:1", redis_password="s3cret"), None),
        (Settings(redis_url="redis+sentinel://h/m?sentinel_password=s3cret"), None),
        (Settings(redis_url="redis://:s3cret@h:1", job_redis="yes"), "redis://:s3cret@h:1"),
        (Settings(redis_url="redis://h:1", job_redis="no"), None),
        (Settings(home=Path("/x")), "unix:///x/embedded/default/s"),
    ],
)
def test_a_program_is_told_where_redis_is_unless_that_is_a_secret(
    settings: Settings, url: str | None
) -> None:
    lease = Lease("j", "default", "t", 1, 0, builders.job("x").spec)
    handler = Handler(type="x", call=print, runs=Runs.PROGRAM)
    given = variables_of(Attempt(lease, handler, terms_of(lease.spec, handler, Defaults()), 0.0, 0), settings)

    assert given.get("REDIS_URL") == url
    assert ("s3cret" in str(given)) == (settings.job_redis == "yes")


def test_who_has_a_redis_needs_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", no_home)

    assert Settings.resolve({"REDIS_URL": "redis://h"}).redis_url == "redis://h"
    with pytest.raises(BadConfig, match="no home"):
        Settings.resolve({})
