"""What test_reaper.py runs and kills: each kind of process that tests start, and no end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from servers import own_server

from gopher_cli.embedded import server

pytest_plugins = ["worker.conftest"]


def test_of_each_kind_one_is_started(worker: Callable[..., Any], tmp_path: Path) -> None:
    worker("--concurrency", "1")
    with own_server():
        server.ensure(tmp_path / "home")
        daemon = ["setsid", sys.executable, "-c", "import os, time; os.fork() or time.sleep(600)"]
        subprocess.run(daemon, env={}, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        Path(os.environ["REAPED_READY"]).touch()
        while True:
            signal.pause()
