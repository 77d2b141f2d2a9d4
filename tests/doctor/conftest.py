"""Fixtures of the doctor's tests: a ward, and scripts that are watched or changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from cli.conftest import cli, environment  # noqa: F401 (fixtures)
from redis import Redis

from doctor.ward import Ward
from gopher_cli.gopher import Gopher
from gopher_cli.store.calls import call
from gopher_cli.store.scripts import Script, load
from gopher_cli.verbs.read import fleet


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that has said once that it lives is believed while a slow machine does the rest."""
    monkeypatch.setattr(fleet, "_ALIVE_MS", 20_000)


@pytest.fixture
async def ward(redis: Redis, gopher: Gopher) -> Ward:
    """A queue with a job in every state; the laws hold over it after the test."""
    one = Ward(redis, gopher)
    await one.fill()
    return one


@pytest.fixture
def changed_scripts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str, str], str]], None]:
    """``changed_scripts(change)`` lets every script run as ``change(name, source)`` makes it."""

    def install(change: Callable[[str, str], str]) -> None:
        def changed(name: str) -> Script:
            script = load(name)
            source = change(name, script.source)
            return Script(name, source, hashlib.sha1(source.encode()).hexdigest(), script.keys, script.argv)

        monkeypatch.setattr(call, "load", changed)

    return install
