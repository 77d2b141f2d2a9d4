"""The fleet: workers say that they live, and operators see them and the server."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gopher_cli.model.errors import GopherError
from gopher_cli.model.stats import ServerInfo, WorkerInfo
from gopher_cli.store import ask
from gopher_cli.store.keys import Keys
from gopher_cli.verbs.starting import Starting

_ALIVE_MS = 6_000  # it speaks every second
_BURY_MS = 60_000


class Fleet(Starting):
    async def beat(self, worker: str, about: Mapping[str, Any]) -> None:
        """Say that a worker lives, and what it is doing."""
        now = await self.store.ask(ask.time_ms(), "beat")
        await self.store.ask(ask.beat(self.namespace, worker, msgspec.json.encode(about), now), "beat")

    async def bury(self, worker: str, queues: Iterable[str], processes: int) -> None:
        """Forget a worker that has stopped."""
        keys = [self.keys(queue) for queue in queues]
        parts = [f"{worker}.{n}" for n in range(processes)]
        await self.store.ask(ask.bury(self.namespace, worker, keys, parts))

    async def silent(self) -> dict[str, int]:
        """Workers that were not heard for a minute, and when they last were (ms).

        By Redis's clock, which may jump: one of them can live. Look twice before `bury_the_dead`.
        """
        now, known = await self.store.ask(ask.workers(self.namespace), "beat")
        return {worker: heard for worker, (heard, _) in known.items() if now - heard > _BURY_MS}

    async def bury_the_dead(self, workers: Iterable[str]) -> None:
        """Forget these, except who still holds the lease of a running job: that is reclaimed first."""
        now, known = await self.store.ask(ask.workers(self.namespace), "beat")
        for worker in workers:
            heard, about = known.get(worker, (0, b"{}"))
            info = _info(worker, heard, about, now)
            keys = [self.keys(queue) for queue in info.queues]
            parts = [f"{worker}.{n}" for n in range(info.processes)]
            if not await self._holds_any(keys, parts):
                await self.store.ask(ask.bury(self.namespace, worker, keys, parts), "beat")

    async def _holds_any(self, keys: Iterable[Keys], parts: Sequence[str]) -> bool:
        """Whether any of these runners has a job that runs under its token."""
        for of_queue in keys:
            for part in parts:
                held = await self.store.ask(ask.held(of_queue, part), "beat")
                tokens = await self.store.ask(ask.running_tokens(of_queue, held), "beat")
                if any(token.startswith(f"{part}:") for token in tokens.values()):
                    return True
        return False

    async def workers(self) -> list[WorkerInfo]:
        """Every worker that was heard in the last minute, the dead ones too."""
        now, known = await self.store.ask(ask.workers(self.namespace))
        infos = [_info(worker, heard, about, now) for worker, (heard, about) in known.items()]
        return sorted(infos, key=lambda info: (info.host, info.pid))

    async def server(self) -> ServerInfo:
        """The server, and how long it takes to answer (the median of five)."""
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            await self.store.ask(ask.time_ms())
            taken.append(time.perf_counter() - start)
        said = await self.store.ask(ask.info())
        return _server(said, str(self.store.address), sorted(taken)[2], await self._snapshots())

    async def _snapshots(self) -> bool:
        """Whether the server saves snapshots by itself; False also where it does not tell."""
        try:
            return await self.store.ask(ask.saves())
        except GopherError:
            return False


def _info(worker: str, heard: int, about: bytes, now: int) -> WorkerInfo:
    try:
        said: dict[str, Any] = msgspec.json.decode(about)
    except msgspec.DecodeError:
        said = {}
    started = int(said.get("started", heard))
    return WorkerInfo(
        id=worker, host=str(said.get("host", "?")), pid=int(said.get("pid", 0)),
        version=str(said.get("version", "?")), state=str(said.get("state", "?")),
        alive=now - heard < _ALIVE_MS, last_heard_seconds=max(0, now - heard) / 1000,
        uptime_seconds=max(0, now - started) / 1000, queues=list(said.get("queues", [])),
        types=list(said.get("types", [])), slots=int(said.get("slots", 0)), busy=int(said.get("busy", 0)),
        processes=int(said.get("processes", 1)), rss_bytes=int(said.get("rss_bytes", 0)),
        cpu_percent=float(said.get("cpu_percent", 0)), completed=int(said.get("completed", 0)),
        failed=int(said.get("failed", 0)), current=list(said.get("current", [])),
    )  # fmt: skip


def _server(said: Mapping[str, str], address: str, round_trip: float, snapshots: bool) -> ServerInfo:
    def number(name: str) -> int:
        return int(said.get(name, "0") or 0)

    aof = said.get("aof_enabled") == "1"
    return ServerInfo(
        address=address,
        name=said.get("server_name", "redis"),
        version=said.get("valkey_version") or said.get("redis_version", "?"),
        memory_bytes=number("used_memory"),
        memory_limit_bytes=number("maxmemory"),
        policy=said.get("maxmemory_policy", "?"),
        clients=number("connected_clients"),
        uptime_seconds=number("uptime_in_seconds"),
        round_trip_seconds=round_trip,
        persistence="AOF" if aof else "snapshots only" if snapshots else "none",
    )
