"""Where it happens: a server with shims, a proxy before it, three workers that are replaced when they die."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from faults.ledger import PLACE, Ledger, Run
from faults.proxy import Proxy
from redis import Redis
from servers import Server, own_server
from worker.processes import PATIENCE, TESTS, Worker, children_of

from gopher_cli.gopher import Gopher
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url

NAMESPACE = "chaos"
QUEUE = "default"


class Cut(NamedTuple):
    """A run that ended with its worker, by `kill -9`, at ``at`` (monotonic seconds)."""

    id: str
    token: str
    at: float


class Place:
    """``gopher`` goes through the proxy, as the workers do; ``redis`` looks at the server directly."""

    def __init__(self, server: Server, proxy: Proxy, home: Path, lease: float) -> None:
        self.server, self.proxy, self.home = server, proxy, home
        self.ledger = Ledger(home / "ledger")
        self.redis: Any = Redis.from_url(server.url, socket_timeout=PATIENCE)
        self.gopher = Gopher(store=RedisStore(parse_url(proxy.url), timeout=2.0), namespace=NAMESPACE)
        self.workers: list[Worker] = []
        self.spared: list[Worker] = []
        self.started = 0
        self.cut: list[Cut] = []
        self.storms: list[float] = []  # when each began (monotonic seconds)
        self.clock = 0.0  # how far the server's clock is ahead, s
        self._lease = lease
        self._environ = {
            "PATH": os.environ["PATH"], "HOME": str(home), "GOPHER_HOME": str(home / "home"),
            "REDIS_URL": proxy.url, "GOPHER_NAMESPACE": NAMESPACE, "PYTHONPATH": f"{TESTS}:{TESTS.parent}",
            "GOPHER_TESTING": "1", "GOPHER_BACKOFF": "fixed:50ms", "REDIS_TIMEOUT": "2s",
            PLACE: str(self.ledger.path),
        }  # fmt: skip

    async def hire(self, *, spared: bool = False) -> Worker:
        """Another worker, with other settings than the one before; it may take a while until it serves."""
        lease, processes, concurrency = (
            (self._lease, "2", "4"), (self._lease * 0.8, "1", "50"), (self._lease * 0.6, "3", "2"),
        )[self.started % 3]  # fmt: skip
        environ = self._environ | {"GOPHER_LEASE": f"{lease:.2f}s", "GOPHER_HEARTBEAT": f"{lease / 3:.2f}s"}
        words = ("--app", "faults.jobs:app", "--processes", processes, "-c", concurrency, "--grace", "2s")
        one = await asyncio.to_thread(Worker, environ, *words, "--log-level", "warning")
        self.workers.append(one)
        self.started += 1
        if spared:
            self.spared.append(one)
        return one

    def dismiss(self, one: Worker) -> None:
        """With all its processes, at once."""
        self.workers.remove(one)
        one.kill()

    def kill(self, victim: Worker) -> None:
        """Its supervisor alone: the others must see that for themselves. What it ran is written down."""
        open_runs = self.runs_of(victim)
        victim.process.kill()
        self.cut += [Cut(run.id, run.token, time.monotonic()) for run in open_runs]

    def runs_of(self, one: Worker) -> list[Run]:
        """What it runs now: whoever has given no sign of life for a second is said to have ended before."""
        pids, now = family_of(one.process.pid), time.monotonic()
        return [run for run in self.ledger.open() if run.pid in pids and run.last > now - 1]

    def patient(self) -> Gopher:
        """For when all is over: it goes to the server directly, and waits for whoever stands still."""
        return Gopher(store=RedisStore(parse_url(self.server.url), timeout=PATIENCE), namespace=NAMESPACE)

    def victims(self) -> list[Worker]:
        return [one for one in self.workers if one not in self.spared]

    def set_clock(self, seconds: float) -> None:
        self.clock = seconds
        self.server.control.set_clock(seconds)

    def running(self) -> dict[str, str]:
        """The running jobs, and the token of each."""
        keys = self.gopher.keys(QUEUE)
        ids = [id.decode() for id in self.redis.zrange(keys["running"], 0, -1)]
        metas = self.redis.hmget(keys["meta"], ids) if ids else []
        return {id: (meta or b";;").decode().split(";")[2] for id, meta in zip(ids, metas, strict=True)}

    async def close(self) -> None:
        for one in list(self.workers):
            self.dismiss(one)
        await self.gopher.close()


def family_of(pid: int) -> set[int]:
    """A process, its children, and theirs."""
    found = {pid}
    for child in children_of(pid):
        found |= family_of(child)
    return found


@contextmanager
def a_place(lease: float) -> Iterator[Place]:
    with (
        TemporaryDirectory(prefix="gopher-chaos-", dir="/tmp") as home,
        own_server(shims=["clock"], tcp=True) as server,
    ):
        proxy = Proxy(("127.0.0.1", server.port))
        try:
            yield Place(server, proxy, Path(home), lease)
        finally:
            proxy.close()
