"""Gophers of different versions on one namespace: the program in this process, and workers as processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.running import Cli
from redis import Redis
from worker.processes import TESTS, Worker

from gopher_cli.store.keyspace import fleet_key


@pytest.fixture
def environ(redis_url: str, namespace: str, tmp_path: Path) -> dict[str, str]:
    """Of every process here. Its leases, and its patience with Redis, outlast whoever stands still."""
    passed_on = ("PATH", "LANG", "COVERAGE_PROCESS_CONFIG")
    kept = {name: os.environ[name] for name in passed_on if name in os.environ}
    return kept | {
        "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path), "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "GOPHER_BACKOFF": "fixed:50ms",
        "GOPHER_LEASE": "90s", "GOPHER_HEARTBEAT": "1s", "REDIS_TIMEOUT": "60s",
    }  # fmt: skip


@pytest.fixture
def cli(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(monkeypatch, {name: environ[name] for name in environ if name.startswith(("GOPHER", "REDIS"))})


@pytest.fixture
def worker(environ: dict[str, str]) -> Iterator[Callable[..., Worker]]:
    """Starts a worker; it serves when this returns."""
    started: list[Worker] = []

    def start(*words: str, env: dict[str, str] | None = None) -> Worker:
        started.append(Worker(environ | (env or {}), *words))
        started[-1].heard("serving")
        return started[-1]

    yield start
    for one in started:
        one.kill()


class Schema:
    """The schema version that is written in the namespace of the test, as bytes."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self._redis, self._key = redis, fleet_key(namespace, "meta")

    @property
    def written(self) -> bytes | None:
        return self._redis.hget(self._key, "schema")

    def write(self, text: str) -> None:
        self._redis.hset(self._key, "schema", text)

    def forget(self) -> None:
        self._redis.delete(self._key)


@pytest.fixture
def schema(redis: Redis, namespace: str) -> Schema:
    return Schema(redis, namespace)
