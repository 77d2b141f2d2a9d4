"""Events of a server that is a process: a stream shows what others do, and keeps nobody from stopping."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from faults.serving import Served
from redis import Redis
from worker.processes import PATIENCE, TESTS

from gopher_cli.store.keyspace import keys_of


@pytest.fixture
def environ(redis_url: str, namespace: str, tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path), "PYTHONPATH": str(TESTS.parent), "SERVER_WRITE_TIMEOUT": "1s",
    }  # fmt: skip


@pytest.fixture
def served(environ: dict[str, str]) -> Iterator[Served]:
    one = Served(environ)
    yield one
    one.kill()


def test_a_submit_from_elsewhere_is_told_and_a_stream_keeps_no_server_from_stopping(
    served: Served, environ: dict[str, str], redis: Redis, namespace: str
) -> None:
    said: list[str] = []
    watching, ended = threading.Event(), threading.Event()

    def listen() -> None:
        with urlopen(f"{served.url}/api/v1/events", timeout=PATIENCE) as stream:
            for line in stream:
                said.append(line.decode())
                if ": watching" in said[-1]:
                    watching.set()
                if '"enqueued"' in said[-1]:
                    served.process.send_signal(signal.SIGTERM)
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    assert watching.wait(PATIENCE)
    command = [sys.executable, "-m", "gopher_cli", "submit", "-q", "-t", "x"]
    id = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()

    assert ended.wait(PATIENCE), said
    assert any(id in line for line in said)
    assert served.process.wait(PATIENCE) == 0, "an open stream is no open request"
    assert any("this server stops" in line for line in said)
    assert 0 < redis.pttl(keys_of(namespace, "default")["events"]) <= 60_000
