"""The embedded server dies under what runs beside it: it comes back by itself, unless it was told to go."""

from __future__ import annotations

import os
import signal
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_up import Running, ask, until

from gopher_cli.build import REVIVED
from gopher_cli.embedded import server


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    server.stop(home)


@pytest.fixture
def tree(home: Path) -> Iterator[Running]:
    """`gopher up` on a machine where nobody has configured a Redis."""
    environ = {"PATH": os.environ["PATH"], "GOPHER_HOME": str(home), "HOME": str(home.parent)}
    running = Running(("up", "--port", "0", "--exec", "echo=/bin/cat"), environ, home.parent)
    yield running
    if running.process.poll() is None:
        running.end()


def kill(home: Path) -> int:
    pid = server.status(home).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    return pid


def _away(error: urllib.error.HTTPError) -> None:
    """Any other answer than that Redis is away ends the test."""
    if error.code != 503:
        raise error


def accepted(url: str) -> Any:
    """The address of a job that was submitted; None while nobody takes it."""
    try:
        return url + ask(f"{url}/api/v1/jobs", {"type": "echo", "payload": {"a": 1}})["links"]["self"]
    except urllib.error.HTTPError as error:
        _away(error)
        return None


def completed(url: str, job: str) -> bool:
    try:
        return bool(ask(job)["status"] == "completed")
    except urllib.error.HTTPError as error:
        _away(error)
        return False


def test_a_built_in_server_that_dies_is_back_by_itself_and_jobs_run_again(home: Path, tree: Running) -> None:
    url = tree.url()
    before = until(lambda: accepted(url))
    until(lambda: completed(url, before))
    died = kill(home)

    job = until(lambda: accepted(url))
    until(lambda: completed(url, job))

    tree.line_with(REVIVED)
    found = server.status(home)
    assert found.running and found.pid != died
    assert completed(url, before), "what it knew is there"
    tree.end()
    assert sum(REVIVED in line for line in tree.said) == 1, "one of the two has started it"


def test_a_built_in_server_that_was_told_to_stop_stays_down_until_a_command_wants_it(
    home: Path, tree: Running
) -> None:
    url = tree.url()
    before = until(lambda: accepted(url))
    until(lambda: completed(url, before))  # the worker has begun, too

    assert server.stop(home)
    tree.line_with("Redis")  # both have noticed, and have looked more than once
    watched = time.monotonic() + 4.5
    while time.monotonic() < watched:
        assert not server.status(home).running
        time.sleep(0.1)
    assert accepted(url) is None

    server.ensure(home)  # as any command does
    job = until(lambda: accepted(url))
    until(lambda: completed(url, job))
    kill(home)
    assert until(lambda: accepted(url)), "the order is over"


def test_only_a_server_that_died_is_revived(home: Path) -> None:
    assert not server.revive(home), "there was none"
    assert not home.exists()
    server.ensure(home)
    assert not server.revive(home), "it lives"

    server.stop(home)
    assert not server.revive(home), "it was told to stop"
    server.ensure(home)
    kill(home)

    assert until(lambda: server.revive(home))
    assert server.status(home).running


def test_a_server_that_hangs_is_not_taken_for_a_dead_one(home: Path) -> None:
    server.ensure(home)
    pid = server.status(home).pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        assert not server.revive(home)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert server.status(home).pid == pid
