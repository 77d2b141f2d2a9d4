"""`gopher serve` as a process that may be killed, and asked in plain words."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Queue

from worker.processes import PATIENCE


class Served:
    """``url`` is where it serves. ``files`` limits how many it may have open at first; ``program`` is the
    module that serves."""

    def __init__(self, environ: Mapping[str, str], *, files: int = 0, program: str = "gopher_cli") -> None:
        def limit() -> None:
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (files or hard, hard))

        self.process = subprocess.Popen(
            [sys.executable, "-m", program, "serve", "--port", "0"],
            env=dict(environ), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            start_new_session=True, preexec_fn=limit if files else None,
        )  # fmt: skip
        self.said: list[str] = []
        self._where: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self._where.get(timeout=PATIENCE)
        assert self.url, f"it does not serve: {self.said}"
        self.port = int(self.url.rpartition(":")[2])

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.said.append(line)
            if "serving http" in line:
                self._where.put(line.partition("serving ")[2].strip())
        self._where.put("")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def files(self) -> int:
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))


Serve = Callable[..., Served]
