"""Workers: a runner in the loop of the test, and whole workers as processes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.worker.board import Board
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.runner.runner import Runner
from worker.apps import app
from worker.processes import TESTS, Worker, until

APP = "worker.apps:app"
SHORT = {"GOPHER_LEASE": "3s"}  # where a lease shall end


@pytest.fixture
def environ(redis_url: str, namespace: str, tmp_path: Path) -> dict[str, str]:
    """Of a worker on the server of the tests. Its leases outlast whoever stands still; see SHORT."""
    passed_on = ("PATH", "LANG", "COVERAGE_PROCESS_CONFIG")
    kept = {name: os.environ[name] for name in passed_on if name in os.environ}
    return kept | {
        "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path),
        "PYTHONPATH": f"{TESTS}:{TESTS.parent}{os.environ.get('GOPHER_TEST_PATH', '')}",
        "GOPHER_LEASE": "90s", "GOPHER_HEARTBEAT": "1s", "GOPHER_BACKOFF": "fixed:50ms",
    }  # fmt: skip


@pytest.fixture
def worker(environ: dict[str, str]) -> Iterator[Callable[..., Worker]]:
    """Starts a worker with the handlers of apps.py; it serves when this returns."""
    started: list[Worker] = []

    def start(*words: str, wait: bool = True, env: dict[str, str] | None = None) -> Worker:
        words = words if "--app" in words else ("--app", APP, *words)
        one = Worker(environ | (env or {}), *words)
        started.append(one)
        if wait:
            one.heard("serving")
        return one

    yield start
    for one in started:
        one.kill()


Work = Callable[..., Runner]


@pytest.fixture
async def runner(gopher: Gopher, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Work]:
    """Makes a runner in the loop of the test: ``await runner(burst=True).run()``."""
    monkeypatch.setenv("PYTHONPATH", f"{TESTS}:{TESTS.parent}")
    made: list[Runner] = []

    def make(registry: Registry = app.registry, **options: Any) -> Runner:
        options = {"app": APP, "poll_interval": 0.05, **options}
        settings = WorkerOptions(**options)
        board = Board.create(settings.concurrency)
        made.append(Runner(gopher, registry, Settings(), settings, f"w.{len(made)}", board))
        return made[-1]

    yield make
    # A thread that outlived the loop would speak to nobody.
    await until(lambda: not any(one._executor._threads._chains for one in made))
