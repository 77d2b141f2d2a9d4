"""For every fault: a ledger, and workers as processes against any server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.ledger import PLACE, Ledger
from faults.scene import Scene
from faults.serving import Serve, Served
from faults.verdict import Verdict, settled
from redis import Redis
from worker.processes import TESTS, Worker

from gopher_cli.gopher import Gopher
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url

APP = "faults.jobs:app"
# For those whose leases must end. Whoever must keep its own has the usual lease: to stand still is no fault.
SHORT = {"GOPHER_LEASE": "3s"}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


class Fleet:
    """``fleet("-c", "4", url=..., env=...)`` starts a worker; it serves when this returns."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self.workers: list[Worker] = []

    def __call__(
        self, *words: str, url: str = "", env: dict[str, str] | None = None, wait: bool = True
    ) -> Worker:
        words = words if "--app" in words else ("--app", APP, *words)
        environ = self.environ | ({"REDIS_URL": url} if url else {}) | (env or {})
        one = Worker(environ, *words)
        self.workers.append(one)
        if wait:
            one.heard("serving")
        return one

    def kill(self) -> None:
        for one in self.workers:
            one.kill()


@pytest.fixture
def fleet(redis_url: str, namespace: str, tmp_path: Path, ledger: Ledger) -> Iterator[Fleet]:
    passed_on = ("PATH", "LANG", "COVERAGE_PROCESS_CONFIG")
    kept = {name: os.environ[name] for name in passed_on if name in os.environ}
    fleet = Fleet(
        kept | {
            "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home"),
            "HOME": str(tmp_path), "PYTHONPATH": f"{TESTS}:{TESTS.parent}",
            "GOPHER_LEASE": "15s", "GOPHER_HEARTBEAT": "1s", "GOPHER_BACKOFF": "fixed:50ms",
            "GOPHER_TESTING": "1", PLACE: str(ledger.path),
        }
    )  # fmt: skip
    yield fleet
    fleet.kill()


@pytest.fixture
async def at(namespace: str) -> AsyncIterator[Callable[..., Gopher]]:
    """``at(url)``: a Gopher in this test's namespace on any server; closed at the end."""
    opened: list[Gopher] = []

    def open_at(url: str, timeout: float = 60.0) -> Gopher:
        opened.append(Gopher(store=RedisStore(parse_url(url), timeout=timeout), namespace=namespace))
        return opened[-1]

    yield open_at
    for one in opened:
        await one.close()


@pytest.fixture
def scene(server: Any, fleet: Fleet, at: Callable[..., Gopher], ledger: Ledger, namespace: str) -> Scene:
    """All of it on one server, which each file of tests makes as it needs it."""
    return Scene(server, fleet, at, ledger, namespace)


@pytest.fixture
def ends_well(redis: Redis, gopher: Gopher, namespace: str, ledger: Ledger) -> Callable[..., Any]:
    """``await ends_well()``: the end of a row: drained, lawful, nothing lost, and it works on."""

    async def end(**more: Any) -> Verdict:
        return await settled(redis, namespace, gopher, ledger, **more)

    return end


@pytest.fixture
def serve(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Serve]:
    """``serve(url)``: a server of HTTP before this Redis; keyword arguments are environment variables.

    It is patient with Redis, but for ``program="gopher_cli"``.
    """
    began: list[Served] = []

    def start(
        url: str = redis_url, *, files: int = 0, program: str = "web.patient", **environ: str
    ) -> Served:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        mine = {
            "REDIS_URL": url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home"),
            "HOME": str(tmp_path), "PYTHONPATH": f"{TESTS}:{TESTS.parent}",
        }  # fmt: skip
        began.append(Served(kept | mine | environ, files=files, program=program))
        return began[-1]

    yield start
    for one in began:
        one.kill()
