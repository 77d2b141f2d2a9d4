"""Programs and handlers that mean harm, run by a runner in the loop of the test or by a whole worker."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from worker.conftest import environ, worker
from worker.processes import TESTS

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.load_handlers import load_registry
from gopher_cli.worker.board import Board
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.runner.runner import Runner

__all__ = ["environ", "worker"]
APP = "safety.apps:app"


@pytest.fixture
def burst(gopher: Gopher, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs what waits until nothing is left, with these settings."""
    monkeypatch.setenv("PYTHONPATH", f"{TESTS}:{TESTS.parent}")
    count = iter(range(1000))

    async def run(registry: Registry, **settings: Any) -> Runner:
        for name, value in settings.items():
            monkeypatch.setenv(f"GOPHER_{name.upper()}", str(value))  # isolated processes read it there
        options = WorkerOptions(app=APP, burst=True, poll_interval=0.05)
        board = Board.create(options.concurrency)
        one = Runner(gopher, registry, Settings(**settings), options, f"w.{next(count)}", board)
        await one.run()
        return one

    return run


@pytest.fixture
def program(tmp_path: Path) -> Any:
    """Writes a shell script; answers its path."""

    def write(text: str, name: str = "script") -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


@pytest.fixture
def script(gopher: Gopher, burst: Any, program: Any) -> Any:
    """Runs one job by a shell script; answers what is known of it. Settings are named limits=..."""

    async def run(
        text: str, payload: Any = None, *, limits: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        registry = load_registry("", [("script", str(program(text)))])
        id = await gopher.submit("script", payload, **options)
        await burst(registry, **(limits or {}))
        return await gopher.inspect("default", id)

    return run


@pytest.fixture
def isolated(gopher: Gopher, burst: Any) -> Any:
    """Runs one job by a handler of apps.py; answers what is known of it."""

    async def run(
        type: str, payload: Any = None, *, limits: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        id = await gopher.submit(type, payload, **options)
        await burst(load_registry(APP), **(limits or {}))
        return await gopher.inspect("default", id)

    return run
