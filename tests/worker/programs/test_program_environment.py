"""Where a worker stands: what the system denies it, what lies in its directory, whose orphans it gets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gopher_cli.gopher import Gopher
from worker.processes import PATIENCE, Worker, ends

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]

# In the supervisor alone: its runners have another main.
_DENIED = """
import errno, os, pathlib, subprocess, sys, threading
if "gopher_cli" in sys.orig_argv:
    def no_thread(self):
        raise RuntimeError("can't start new thread")
    threading.Thread.start = no_thread
    begin = subprocess.Popen.__init__
    def no_process(self, *given, **named):
        if pathlib.Path({flag!r}).exists():
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        begin(self, *given, **named)
    subprocess.Popen.__init__ = no_process
"""


@pytest.mark.row("W24")
async def test_a_worker_that_may_make_no_thread_and_no_process_waits_until_it_may(
    gopher: Gopher, worker: Start, environ: dict[str, str], tmp_path: Path
) -> None:
    flag, place = tmp_path / "no-more", tmp_path / "site"
    place.mkdir()
    (place / "sitecustomize.py").write_text(_DENIED.format(flag=str(flag)), encoding="utf-8")
    one = worker("--builtin", "math", env={"PYTHONPATH": f"{place}:{environ['PYTHONPATH']}"})
    (runner,) = one.runners()
    flag.touch()

    os.kill(runner, signal.SIGKILL)
    one.heard("cannot start a runner process")
    id = await gopher.submit("math", {"op": "add", "a": 1, "b": 2})
    flag.unlink()

    detail = await ends(gopher, id)
    assert (detail.result, detail.attempts, detail.losses) == (3, 1, 0)
    one.signal(signal.SIGTERM)
    assert one.ended() == 0


def _safe(place: Path) -> str:
    """A python whose main does not come from its directory, as that of an installed command."""
    found = place / "python"
    found.write_text(f'#!/bin/sh\nexec {sys.executable} -P "$@"\n', encoding="utf-8")
    found.chmod(0o755)
    return str(found)


async def test_a_file_of_the_working_directory_takes_no_place_of_the_standard_library(
    gopher: Gopher, worker: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = _safe(tmp_path)
    for name in ("queue", "email", "types", "secrets", "select", "logging", "random", "uvloop"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not this one')\n", encoding="utf-8")
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho 7\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    # As `gopher` is called: the main itself looks into no directory, and neither does what it starts.
    monkeypatch.setattr("worker.processes.sys.executable", python)

    worker("--app", "worker.apps:app", "--exec", "program=./program")

    assert (await ends(gopher, await gopher.submit("program"))).result == 7


_ADOPTED = """
import os, subprocess, sys, time
from gopher_cli.worker.programs.process_tree import adopt_orphans, bury_zombies_but, children_of
adopt_orphans()
spared = subprocess.Popen(["true"])
subprocess.run(["sh", "-c", "sleep 0.1 & true"])
end = time.monotonic() + 30
while children_of(os.getpid()) != [spared.pid] and time.monotonic() < end:
    bury_zombies_but({spared.pid})
    time.sleep(0.01)
print(children_of(os.getpid()) == [spared.pid], spared.wait())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has subreapers")
def test_who_gets_the_orphans_of_others_buries_them_and_leaves_its_own_to_who_waits_for_them() -> None:
    """As the first process of a container does; here one that has asked for them."""
    done = subprocess.run(
        [sys.executable, "-c", _ADOPTED], capture_output=True, text=True, timeout=PATIENCE, check=True
    )

    assert done.stdout.split() == ["True", "0"]
