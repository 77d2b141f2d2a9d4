"""The processes of the demo: a real worker, and gopher's own commands as one would type them."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gopher_cli.demo.queue_watch import DemoFailed
from gopher_cli.demo.screen import Screen
from gopher_cli.demo.workspace import Place
from gopher_cli.gopher import Gopher
from gopher_cli.worker.programs.process_tree import before_exec

WORKER = [
    "worker", "--concurrency", "8",
    "--app", "gopher_cli.demo.demo_handlers:app", "--exec", "compress=./compress.sh", "--builtin",
]  # fmt: skip
_START, _STOP = 20.0, 15.0
_GOPHER = [sys.executable, "-P", "-m", "gopher_cli"]


@dataclass(slots=True)
class Crew:
    """Runs commands in the demo's place, and never leaves a worker behind."""

    place: Place
    stage: Screen
    environ: dict[str, str]
    worker: subprocess.Popen[bytes] | None = None

    def run(self, *words: str, quiet: bool = False) -> str:
        """`gopher WORDS`, shown; its output goes where ours goes, or is answered when ``quiet``."""
        self.stage.command(["gopher", *words])
        done = subprocess.run(
            [*_GOPHER, *words], cwd=self.place.root, env=self.environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if quiet else self.stage.out,
            stderr=subprocess.STDOUT if quiet else None, text=True,
            encoding="utf-8", errors="replace", timeout=40, check=False,
        )  # fmt: skip
        if done.returncode:
            lines = (done.stdout or "").strip().splitlines()
            why = f": {lines[-1]}" if lines else ""
            raise DemoFailed(f"gopher {words[0]} ended with exit code {done.returncode}{why}")
        return done.stdout or ""

    def look(self, *words: str) -> None:
        """A command whose tables people should see, though this may go into a pipe."""
        if not self.stage.live:
            self.environ.setdefault("COLUMNS", "110")
        self.run(*words, *([] if self.stage.live else ["-o", "table"]))

    async def start_worker(self, gopher: Gopher) -> int:
        """Its process id, once it is at work."""
        self.worker = self._spawn()
        deadline = time.monotonic() + _START
        while not any(info.pid == self.worker.pid for info in await gopher.workers()):
            if self.worker.poll() is not None or time.monotonic() > deadline:
                raise DemoFailed(f"the worker did not start: {_tail(self.place.log)}")
            await asyncio.sleep(0.05)
        return self.worker.pid

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.place.log.open("ab") as log:
            return subprocess.Popen(
                [*_GOPHER, *WORKER], cwd=self.place.root, env=self.environ, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=before_exec(),
            )  # fmt: skip

    def kill_worker(self) -> None:
        assert self.worker
        self.worker.kill()
        self.worker.wait()

    def stop_worker(self) -> int:
        """SIGTERM, and its exit code."""
        assert self.worker
        self.worker.terminate()
        try:
            return self.worker.wait(_STOP)
        except subprocess.TimeoutExpired:
            raise DemoFailed(f"the worker did not stop within {_STOP:g}s") from None

    def leave(self) -> None:
        """Whatever has happened: no worker survives the demo."""
        if self.worker and self.worker.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.worker.pid, signal.SIGKILL)
            self.worker.wait()


def typed() -> str:
    """How this gopher is called from here: by its name where that finds it."""
    script = Path(sys.argv[0])
    path = shutil.which("gopher")
    if path and script.exists() and Path(path).samefile(script):
        return "gopher"
    if script.name == "gopher" and script.exists():
        return str(script.absolute())
    return f"{sys.executable} -m gopher_cli"


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"
