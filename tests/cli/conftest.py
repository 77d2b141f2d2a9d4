"""Fixtures of the command line: the program in this process, and as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.faraway import far, near, served
from cli.running import CLEAN, Cli

__all__ = ["far", "near", "served"]


@pytest.fixture
def environment(redis_url: str, namespace: str, tmp_path: Path) -> dict[str, str]:
    """What a process needs to work on the server of the tests, in a namespace of its own."""
    return {
        "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home"),
        "REDIS_TIMEOUT": "60s", "TERM": "xterm-256color", "TZ": "UTC",
    }  # fmt: skip


@pytest.fixture
def cli(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    for name in CLEAN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Cli(monkeypatch, environment)


@pytest.fixture
def program(environment: dict[str, str]) -> Callable[..., Any]:
    """The program as a process of its own; keyword arguments are those of subprocess.Popen."""
    base = {name: value for name, value in os.environ.items() if name not in CLEAN}

    def start(*args: str, **options: Any) -> subprocess.Popen[bytes]:
        env = {**base, **environment, **options.pop("env", {})}
        command = [sys.executable, "-m", "gopher_cli", *args]
        return subprocess.Popen(command, env=env, **options)

    return start
