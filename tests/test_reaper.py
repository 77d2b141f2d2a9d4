"""A run of tests that ends in any way leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import reaper
from worker.processes import alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the reaper needs Linux")

TESTS = Path(__file__).parent
PATIENCE = 60.0
AT_MOST = 10.0  # seconds until nothing runs any more


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it has not come true in time"
        time.sleep(0.02)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run of two processes of tests, in the middle of a test that has no end."""
    ready = tmp_path / "ready"
    words = [
        "-n",
        "1",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / "base"),
        str(TESTS / "reaped.py"),
    ]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        env=environ | {"REAPED_READY": str(ready)}, cwd=TESTS.parent, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: ready.exists() or run.poll() is not None)
    assert run.poll() is None
    yield run
    with suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def kill_group(run: subprocess.Popen[bytes]) -> None:
    os.killpg(run.pid, signal.SIGKILL)


@pytest.mark.parametrize("end", [kill_group, subprocess.Popen.kill, subprocess.Popen.terminate])
def test_what_a_run_has_started_ends_with_it(
    run: subprocess.Popen[bytes], end: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    started = reaper.descendants(run.pid)
    assert len(started) >= 9  # reaper, pytest, its worker, three servers, a gopher, its runner, and a daemon

    end(run)
    run.wait(AT_MOST)

    until(lambda: not any(map(alive, started)), AT_MOST)


@pytest.mark.parametrize(("ending", "status"), [("exit 7", 7), ("kill -9 $$", -signal.SIGKILL)])
def test_a_run_ends_as_its_work_does(ending: str, status: int) -> None:
    ran = subprocess.run([sys.executable, reaper.__file__, "sh", "-c", ending], check=False)
    assert ran.returncode == status


def test_a_signal_to_the_run_reaches_its_work() -> None:
    script = "trap 'exit 3' INT; echo ready; while :; do sleep 0.02; done"
    with subprocess.Popen(
        [sys.executable, reaper.__file__, "sh", "-c", script], stdout=subprocess.PIPE
    ) as run:
        assert run.stdout and run.stdout.readline() == b"ready\n"
        run.send_signal(signal.SIGINT)
        assert run.wait(PATIENCE) == 3
