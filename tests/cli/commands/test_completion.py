"""Completion as people meet it: the keys that they press in bash, zsh and fish."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.running import Cli
from cli.shells import TAB, Shell
from cli.world import do
from gopher_cli.cli.commands.complete import complete
from gopher_cli.cli.shell.command_tree import SHELLS
from gopher_cli.gopher import Gopher


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path) -> Iterator[Shell]:
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed here")
    shell = Shell(request.param, tmp_path, environment)
    yield shell
    shell.close()


@pytest.fixture
def jobs(cli: Cli) -> None:
    for id in ("order:42:a", "invoice:7"):
        cli.id("-t", "report:daily", "-Q", "mail", "--id", id)

    async def publish(gopher: Gopher) -> Any:
        return await gopher.publish_types({"report:daily": b"{}", "email": b"{}"})

    do(cli, publish)


def test_what_has_colons_is_completed_whole(jobs: None, shell: Shell) -> None:
    typed = {
        "gopher inspect ord": "inspect order:42:a",
        "gopher cancel invoice:7 order:42:": "cancel invoice:7 order:42:a",
        "gopher jobs ls -t repo": "jobs ls -t report:daily",
        "gopher jobs ls --type=report:": "jobs ls --type=report:daily",
    }
    assert {keys: shell.arguments(keys + TAB).strip() for keys in typed} == typed


def offered(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: Any, *args: str) -> list[str]:
    """What `gopher __complete` prints."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("gopher_cli.cli.commands.complete._PATIENCE", 60.0)
    monkeypatch.setattr("gopher_cli.cli.commands.complete._LONGEST", 60.0)
    capsys.readouterr()
    assert complete(args) == 0
    return list(capsys.readouterr().out.split())


def test_behind_an_api_that_server_is_asked(
    near: Cli, far: Cli, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    near.id("-t", "x", "-Q", "mail", "--id", "order:42")
    url = far.env["GOPHER_API_URL"]
    nowhere = {"REDIS_URL": "redis://127.0.0.1:1", "GOPHER_NAMESPACE": "", "GOPHER_API_URL": ""}

    def words(*args: str, **environ: str) -> list[str]:
        return offered(nowhere | environ, monkeypatch, capsys, *args)

    assert words("ids", "order:") == []
    assert words("ids", "order:", GOPHER_API_URL=url) == ["order:42"]
    assert words("ids", "order:", "inspect", "--api", url) == ["order:42"]
    assert words("queues", "ma", "jobs", "ls", f"--api={url}", "-Q") == ["mail"]


@pytest.mark.parametrize("door", ["near", "far"])
def test_what_is_expected_is_completed_by_name(
    near: Cli, far: Cli, door: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for name, queue in (("nightly", "default"), ("weekly", "mail"), ("nightly", "mail")):
        assert near("expect", name, "-t", "report", "--every", "25h", "-Q", queue).code == 0
    cli = {"near": near, "far": far}[door]

    assert offered(cli.env, monkeypatch, capsys, "expects", "n") == ["nightly"]
    assert offered(cli.env, monkeypatch, capsys, "expects", "") == ["nightly", "weekly"]


def test_a_schedule_and_a_zone_are_completed(cli: Cli, shell: Shell) -> None:
    assert cli("schedule", "set", "nightly", "-t", "x", "--every", "1h").code == 0

    assert "schedule show nightly" in shell.arguments("gopher schedule show nig" + TAB)
    typed = "gopher schedule next --tz Australia/Lord_H" + TAB
    assert "next --tz Australia/Lord_Howe" in shell.arguments(typed)


def test_a_crontab_is_completed_as_a_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crontab.txt").write_text("", encoding="utf-8")

    assert "schedule import crontab.txt" in shell.arguments("gopher schedule import cront" + TAB)


def test_an_older_job_is_found_by_the_beginning_of_its_id(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    cli.id("-t", "x", "--id", "order:42")
    lines = "".join(f'{{"type":"x","id":"other:{n}"}}\n' for n in range(60))
    assert cli("submit", "--batch", "-", stdin=lines).code == 0

    assert offered(cli.env, monkeypatch, capsys, "ids", "order:") == ["order:42"]


def test_a_server_that_does_not_answer_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr("gopher_cli.cli.commands.complete._LONGEST", 0.1)
        assert complete(["ids", "", "--api", url]) == 0
    assert capsys.readouterr().out == ""
