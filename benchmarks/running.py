"""A worker process of a lane, and the pipe through which its handlers tell the time."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from benchmarks.lane import Lane


class WorkerError(Exception):
    """The worker ended or fell silent; the text holds the end of what it printed."""


class Worker:
    """Runs while the ``with`` block does; ``moment`` reads what its handlers say."""

    def __init__(self, lane: Lane, directory: Path, *, concurrency: int = 10, expect: int = 0) -> None:
        self._pipe = directory / "pipe"
        self._log = directory / "worker.log"
        self._command = [sys.executable, *lane.worker(concurrency)]
        self._environment = os.environ | {
            "BENCH_URL": lane.url,
            "BENCH_PIPE": str(self._pipe),
            "BENCH_EXPECT": str(expect),
            "BENCH_CONCURRENCY": str(concurrency),
            "REDIS_URL": lane.url,
            "HOME": str(directory),
        }
        self._rest = b""

    def __enter__(self) -> Worker:
        self._pipe.unlink(missing_ok=True)
        os.mkfifo(self._pipe)
        self._reader = os.open(self._pipe, os.O_RDWR)  # read-write: never at its end
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=Path(__file__).parent.parent,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=3)
        self._signal(signal.SIGKILL)  # whoever of the group did not listen
        self._process.wait()
        os.close(self._reader)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def moment(self, timeout: float) -> int:
        """The next number from the handlers. Raises WorkerError when none comes in time."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._reader], [], [], 0.5)
            if ready:
                self._rest += os.read(self._reader, 4096)
            elif self._process.poll() is not None:
                raise WorkerError(f"worker ended with {self._process.returncode}: {self._tail()}")
            elif time.monotonic() > deadline:
                raise WorkerError(f"silent for {timeout:.0f} s: {self._tail()}")
        line, _, self._rest = self._rest.partition(b"\n")
        return int(line)

    def _tail(self) -> str:
        return " | ".join(self._log.read_text(errors="replace").strip().splitlines()[-3:])
