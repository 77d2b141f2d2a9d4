"""What the long-running commands say of a doubtful setting: into their log, in its form, once."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.running import Cli

from gopher_cli import connect
from gopher_cli.cli.shell import process_group
from gopher_cli.config import Settings
from gopher_cli.embedded import server
from gopher_cli.embedded.place import place, talk
from gopher_cli.model.errors import BadConfig, Refused
from gopher_cli.web import serve
from gopher_cli.worker.supervisor import supervisor


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cli]:
    """Commands that end where they would begin to serve; the loggers are as before afterwards."""

    async def refuse(*_: Any) -> None:
        raise Refused("enough")

    async def nothing(*_: Any) -> int:
        return 0

    monkeypatch.setattr(serve, "_check", refuse)
    monkeypatch.setattr(supervisor, "run_worker", lambda *_: 1)
    monkeypatch.setattr(connect, "address_of", lambda _: None)
    monkeypatch.setattr(process_group.ProcessGroup, "run", nothing)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REDIS_URL", raising=False)
    loggers = [logging.getLogger(name) for name in ("gopher", "uvicorn", "uvicorn.access")]
    before = [(one.handlers[:], one.level, one.propagate) for one in loggers]
    yield Cli(monkeypatch, {"HOME": str(tmp_path), "APP_ENV": "production"})
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_production_without_a_redis_is_a_line_of_the_json_log(cli: Cli, command: str) -> None:
    ran = cli(command, "--log-format", "json")

    lines = [line for line in ran.err.splitlines() if "APP_ENV" in line]
    assert ran.code == 1 and len(lines) == 1
    said = json.loads(lines[0])
    assert said["level"] == "warning" and "REDIS_URL" in said["event"]


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_production_without_a_redis_is_said_once_for_people(cli: Cli, command: str) -> None:
    ran = cli(command)

    lines = [line for line in ran.err.splitlines() if "APP_ENV" in line]
    assert len(lines) == 1 and "warning: APP_ENV is production" in lines[0]


def test_up_leaves_the_warning_to_its_children(cli: Cli) -> None:
    assert cli("up", "--log-format", "json").err == ""


def test_a_command_without_a_log_warns_on_stderr(cli: Cli) -> None:
    assert cli("config", "show").err.startswith("warning: APP_ENV is production")


@pytest.fixture
def evicting(tmp_path: Path) -> Iterator[Path]:
    """The home of a server that may throw jobs away."""
    home = tmp_path / "home"
    server.start(home)
    try:
        assert "OK" in talk(place(home, "default"), "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        yield home
    finally:
        server.stop(home)


@pytest.mark.parametrize(("accepted", "code"), [("no", 78), ("yes", 0)])
def test_health_accepts_eviction_where_the_settings_do(
    monkeypatch: pytest.MonkeyPatch, evicting: Path, tmp_path: Path, accepted: str, code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REDIS_URL", raising=False)
    environ = {"GOPHER_HOME": str(evicting), "HOME": str(tmp_path), "ACCEPT_EVICTION": accepted}

    ran = Cli(monkeypatch, environ)("health")

    assert ran.code == code
    assert ("maxmemory-policy" in ran.err) == bool(code)


@pytest.mark.anyio
async def test_serve_accepts_eviction_where_the_settings_do(evicting: Path) -> None:
    await serve._check(Settings(home=evicting, accept_eviction="yes"))

    with pytest.raises(BadConfig, match="maxmemory-policy"):
        await serve._check(Settings(home=evicting))
