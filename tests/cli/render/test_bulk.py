"""Deeds on many jobs: what their questions say, and what is known of them when they are interrupted."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cli.running import Cli
from cli.world import fail
from gopher_cli.cli.render.progress import Counter
from gopher_cli.cli.shell.console import Console


def fill(cli: Cli, count: int) -> None:
    lines = "".join(f'{{"type":"{"ab"[n % 2]}"}}\n' for n in range(count))
    assert cli("submit", "--batch", "-", "-q", stdin=lines).code == 0


def interrupt_at_first_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    show = Counter.show

    def shown(self: Any, count: int) -> None:
        show(self, count)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Counter, "show", shown)


def test_an_interrupted_purge_says_what_it_has_deleted(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(cli, 600)
    interrupt_at_first_slice(monkeypatch)
    ran = cli("purge", "--state", "all", "--yes")

    assert ran.code == 130 and "interrupted: 500 jobs deleted" in ran.err and ran.out == ""
    assert len(cli("jobs", "ls", "-q").lines) == 100
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("verb", ["retry-all", "requeue-dlq", "requeue-dlq --rate 1/s"])
def test_an_interrupted_retry_says_how_many_run_again(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    for _ in range(2):
        fail(cli)
    interrupt_at_first_slice(monkeypatch)
    ran = cli(*verb.split())

    done = 1 if "rate" in verb else 2
    assert ran.code == 130 and f"interrupted: {done} job" in ran.err
    assert len(cli("list-failed", "-q").lines) == 2 - done


def test_the_question_names_server_profile_and_types(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gopher.toml").write_text("[profiles.staging]\nmax_retries = 2\n")
    monkeypatch.setattr(Console, "can_ask", True)
    fill(cli, 3)
    args = ("purge", "--state", "all", "--profile", "staging")
    ran, only = cli(*args, stdin="n\n"), cli(*args, "--type", "b", stdin="n\n")

    assert ran.code == 1 and "nothing was changed" in ran.err
    assert f"at {cli.env['REDIS_URL']}, profile staging; types: a 2, b 1\n" in ran.err
    assert "Delete 3 jobs for good (3 enqueued in default)? [y/N]" in ran.err
    assert "; type b\n" in only.err


@pytest.mark.parametrize(("typed", "left"), [("y", 3), ("delete", 0)])
def test_many_jobs_need_a_typed_word(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, typed: str, left: int
) -> None:
    monkeypatch.setattr(Console, "can_ask", True)
    monkeypatch.setattr("gopher_cli.cli.render.bulk.MANY", 2)
    fill(cli, 3)
    ran = cli("purge", "--state", "all", stdin=f"{typed}\n")

    assert '? Type "delete" to go on:' in ran.err and len(cli("jobs", "ls", "-q").lines) == left
    fill(cli, 3 - left)
    assert "[y/N]" in cli("purge", "--state", "all", "--limit", "2", stdin="n\n").err


def test_many_jobs_are_retried_from_a_terminal_by_a_typed_word(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.cli.commands.retry.MANY", 1)
    monkeypatch.setattr("gopher_cli.cli.render.bulk.MANY", 1)
    for _ in range(2):
        fail(cli)
    with monkeypatch.context() as terminal:
        terminal.setattr(Console, "can_ask", True)
        no = cli("retry-all", stdin="y\n")

    assert no.code == 1 and 'Retry 2 jobs? Type "retry" to go on:' in no.err
    assert cli("retry-all").out == "2 jobs retried\n"  # a program is not asked
