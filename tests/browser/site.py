"""A real `gopher up` on a free port, with a built-in server of its own and keys for every role."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Queue
from typing import Any

from worker.processes import PATIENCE, TESTS

ADMIN = "the-key-of-the-browser-tests"


class Site:
    """``url`` is where it serves; ``gopher("submit", ...)`` is its command line."""

    def __init__(self, home: Path, *, key: str = ADMIN) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.environ = kept | {
            "GOPHER_HOME": str(home / "home"), "HOME": str(home), "GOPHER_NAMESPACE": "browser",
            "GOPHER_ASSUME_YES": "1", "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "GOPHER_BACKOFF": "fixed:1h",
            "WORKER_SHUTDOWN_TIMEOUT": "1s",
        } | ({"API_KEY": key} if key else {})  # fmt: skip
        self.home, self.said, self._server = home, list[str](), 0
        self._where: Queue[str] = Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gopher_cli", "up", "--port", "0", "--app", "browser.app:app"],
            env=self.environ, cwd=home, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self._where.get(timeout=PATIENCE).replace("localhost", "127.0.0.1")
        assert self.url, f"it does not serve: {self.said}"

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))
            if found := re.search(r"serving (http://\S+)", line):
                self._where.put(found[1])
        self._where.put("")

    def gopher(self, *words: str, stdin: str = "") -> str:
        """What it says; a failure is one of the test."""
        ran = subprocess.run(
            [sys.executable, "-m", "gopher_cli", *words],
            env=self.environ, cwd=self.home, capture_output=True, text=True, input=stdin, timeout=PATIENCE,
        )  # fmt: skip
        assert ran.returncode == 0, (words, ran.stderr)
        return ran.stdout

    def submit(self, type: str, payload: Any = None, *words: str) -> str:
        """The id of a new job."""
        return self.gopher("submit", "-q", "-t", type, "-p", json.dumps(payload), *words).strip()

    def batch(self, *jobs: dict[str, Any]) -> list[str]:
        lines = "\n".join(map(json.dumps, jobs))
        return self.gopher("submit", "-q", "--batch", "-", stdin=lines).split()

    def state(self, id: str) -> str:
        return str(json.loads(self.gopher("inspect", id, "-o", "json"))["status"])

    def key(self, name: str, role: str) -> str:
        """The secret of a new key."""
        return self.gopher("keys", "create", name, "--role", role, "-q").strip()

    def redis(self, number: signal.Signals) -> None:
        """SIGSTOP: it is away; SIGCONT: it is there again."""
        if not self._server:
            self._server = int(json.loads(self.gopher("embedded", "status", "-o", "json"))["pid"])
        os.kill(self._server, number)

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.gopher("embedded", "stop")
