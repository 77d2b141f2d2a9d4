"""The program beside Redis, and the same far away from it: it knows the address of a server only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from faults.serving import Served
from laws import check
from redis import Redis

from cli.running import CLEAN, Cli

Site = tuple[Served, dict[str, str]]  # a server, and its environment


def serve(redis_url: str, home: Path) -> Iterator[Site]:
    """In a namespace of its own."""
    environ = {
        "REDIS_URL": redis_url, "GOPHER_NAMESPACE": f"test-{uuid4().hex[:12]}", "GOPHER_HOME": str(home),
        "HOME": str(home), "PATH": os.environ["PATH"], "TZ": "UTC", "LOG_FORMAT": "console",
        "REDIS_TIMEOUT": "60s",
    }  # fmt: skip
    server = Served(environ)
    yield server, environ
    server.process.terminate()
    server.process.wait()


@pytest.fixture(scope="session")
def served(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests; their data is removed, the names of their queues stay."""
    yield from serve(redis_url, tmp_path_factory.mktemp("far"))


@pytest.fixture
def near(served: Site, redis: Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cli]:
    """The program beside Redis, in the namespace of the server."""
    for name in CLEAN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    namespace = served[1]["GOPHER_NAMESPACE"]
    names = ("REDIS_URL", "REDIS_TIMEOUT", "GOPHER_NAMESPACE", "TZ")
    env = {name: served[1][name] for name in names} | {"GOPHER_HOME": str(tmp_path / "home")}
    yield Cli(monkeypatch, env)
    check(redis, namespace)
    clear(redis, namespace)


def clear(redis: Redis, namespace: str) -> None:
    """All but the names of the queues: the server has just told them to the fleet, and will not again."""
    keys = [
        key
        for key in redis.scan_iter(f"{namespace}:*", count=1000)
        if not key.endswith((b"{~}:queues", b"{~}:meta"))
    ]
    if keys:
        redis.delete(*keys)


@pytest.fixture
def far(near: Cli, served: Site) -> Cli:
    """The program that knows the address of the API, and nothing of Redis."""
    env = {"GOPHER_API_URL": served[0].url, "GOPHER_HOME": near.env["GOPHER_HOME"], "TZ": "UTC"}
    return replace(near, env={"REDIS_URL": "", "GOPHER_NAMESPACE": "", **env})
