"""The fleet: workers say that they live, and operators see them and the server."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gopher_cli.model.errors import Conflict, GopherError, NotFound, Usage
from gopher_cli.model.hints import LIST_WORKERS
from gopher_cli.model.views.stats import OrderedWorker, ServerInfo, WorkerInfo, labels
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.keyspace import Keys, fleet_of
from gopher_cli.store.url import Address
from gopher_cli.verbs.core import Core

_ALIVE_MS = 6_000  # it speaks every second
_BURY_MS = 60_000
ORDERS = {"quiet": "quiet", "resume": "running", "stop": "stopping"}  # and the state that comes of it


async def beat(core: Core, worker: str, about: Mapping[str, Any], heeded: str = "") -> str:
    """Say that a worker lives, and what it is doing. Answers what an operator wants of it: see `order`.

    That is answered until it comes back as ``heeded``, so no lost answer loses it; "" is nothing.
    """
    call = calls.beat(fleet_of(core.namespace), worker, msgspec.json.encode(about), heeded=heeded)
    return await core.store.run(call, "beat")


async def list_types(core: Core) -> dict[str, dict[str, Any]]:
    """The types that workers have published, with the JSON Schema of their payload."""
    raw = await core.store.ask(ask.types(core.namespace))
    return {type: msgspec.json.decode(schema) for type, schema in sorted(raw.items())}


async def order(core: Core, name: str, order: str, *, every: bool = False) -> list[OrderedWorker]:
    """Tell a worker to be ``quiet``, to ``resume`` or to ``stop``: it heeds that within some two seconds.

    ``name`` is its id, its name, host:pid, or a host with one worker; with ``every`` all that are
    called so. Raises Usage for another order, NotFound where there is no such worker, and Conflict
    where there are several or where none of them lives.
    """
    if order not in ORDERS:
        raise Usage(f"{order!r} is not an order", f"orders: {', '.join(ORDERS)}")
    meant = _called(name, await list_workers(core), every=every)
    called, given = labels(meant), []
    async with core.operation(order, f"worker {name}", ", ".join(called.values())) as draft:
        for info in meant:
            if await core.store.run(calls.order(fleet_of(core.namespace), info.id, order)):
                changed = info.state != ORDERS[order]
                draft.ids, draft.changed = (*draft.ids, info.id), draft.changed + changed
                given.append(OrderedWorker(
                    id=info.id, worker=called[info.id], order=order, state=info.state, changed=changed,
                ))  # fmt: skip
    return given


async def bury(core: Core, worker: str, queues: Iterable[str], processes: int) -> None:
    """Forget a worker that has stopped."""
    keys = [core.keys(queue) for queue in queues]
    parts = [f"{worker}.{n}" for n in range(processes)]
    await core.store.ask(ask.bury(core.namespace, worker, keys, parts))


async def silent(core: Core) -> dict[str, int]:
    """Workers that were not heard for a minute, and when they last were (ms).

    By Redis's clock, which may jump: one of them can live. Look twice before `bury_the_dead`.
    """
    now, known = await core.store.ask(ask.workers(core.namespace), "beat")
    return {worker: heard for worker, (heard, _) in known.items() if now - heard > _BURY_MS}


async def bury_the_dead(core: Core, workers: Iterable[str]) -> None:
    """Forget these, except who still holds the lease of a running job: that is reclaimed first."""
    now, known = await core.store.ask(ask.workers(core.namespace), "beat")
    for worker in workers:
        heard, about = known.get(worker, (0, b"{}"))
        info = _info(worker, heard, about, now)
        keys = [core.keys(queue) for queue in info.queues]
        parts = [f"{worker}.{n}" for n in range(info.processes)]
        if not await _holds_any(core, keys, parts):
            await core.store.ask(ask.bury(core.namespace, worker, keys, parts), "beat")


async def _holds_any(core: Core, keys: Iterable[Keys], parts: Sequence[str]) -> bool:
    """Whether any of these runners has a job that runs under its token."""
    for of_queue in keys:
        for part in parts:
            held = await core.store.ask(ask.held(of_queue, part), "beat")
            tokens = await core.store.ask(ask.running_tokens(of_queue, held), "beat")
            if any(token.startswith(f"{part}:") for token in tokens.values()):
                return True
    return False


async def list_workers(core: Core) -> list[WorkerInfo]:
    """Every worker that was heard in the last minute, the dead ones too."""
    now, known = await core.store.ask(ask.workers(core.namespace))
    infos = [_info(worker, heard, about, now) for worker, (heard, about) in known.items()]
    return sorted(infos, key=lambda info: (info.host, info.pid))


async def server(core: Core) -> ServerInfo:
    """The server, and how long it takes to answer (the median of five). Of several the sums, and the
    worst."""
    infos = [await _server_at(core, node) for node in await core.store.masters()]
    return infos[0] if len(infos) == 1 else _as_one(infos, str(core.store.address))


async def memory_is_full(core: Core) -> bool:
    """Whether some server refuses submits because its memory is full."""
    nodes = await core.store.masters()
    return any([ask.is_full(await core.store.ask(ask.info(), node=node)) for node in nodes])


async def _server_at(core: Core, node: Address) -> ServerInfo:
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        await core.store.ask(ask.time_ms(), node=node)
        taken.append(time.perf_counter() - start)
    info = await core.store.ask(ask.info(), node=node)
    return _server(info, str(core.store.address), sorted(taken)[2], await worker_snapshots(core, node))


async def worker_snapshots(core: Core, node: Address) -> bool:
    """Whether the server saves snapshots by itself; False also where it does not tell."""
    try:
        return await core.store.ask(ask.saves(), node=node)
    except GopherError:
        return False


def _called(name: str, known: Sequence[WorkerInfo], *, every: bool) -> list[WorkerInfo]:
    """The living workers of this name. Raises NotFound, and Conflict where it is not clear which."""
    ways = (lambda w: w.id, lambda w: w.name, lambda w: f"{w.host}:{w.pid}", lambda w: w.host)
    called = next((some for way in ways if (some := [w for w in known if way(w) == name])), [])
    if not called:
        raise NotFound(f"no worker {name}", LIST_WORKERS)
    alive = [info for info in called if info.alive]
    if not alive:
        silent = min(info.last_heard_seconds for info in called)
        raise Conflict(f"the worker {name} has been silent for {silent:.0f}s: it hears nothing")
    if len(alive) > 1 and not every:
        places = ", ".join(f"{info.host}:{info.pid}" for info in alive)
        raise Conflict(
            f"{len(alive)} workers are called {name}: {places}",
            "name one of these, or all of them (--all, ?all=true)",
        )
    return alive


def _info(worker: str, heard: int, about: bytes, now: int) -> WorkerInfo:
    try:
        snapshot: dict[str, Any] = msgspec.json.decode(about)
    except msgspec.DecodeError:
        snapshot = {}
    started = int(snapshot.get("started", heard))
    return WorkerInfo(
        id=worker, host=str(snapshot.get("host", "?")), pid=int(snapshot.get("pid", 0)),
        version=str(snapshot.get("version", "?")), state=str(snapshot.get("state", "?")),
        alive=now - heard < _ALIVE_MS, last_heard_seconds=max(0, now - heard) / 1000,
        uptime_seconds=max(0, now - started) / 1000, queues=list(snapshot.get("queues", [])),
        types=list(snapshot.get("types", [])),
        slots=int(snapshot.get("slots", 0)), busy=int(snapshot.get("busy", 0)),
        processes=int(snapshot.get("processes", 1)), rss_bytes=int(snapshot.get("rss_bytes", 0)),
        cpu_percent=float(snapshot.get("cpu_percent", 0)), completed=int(snapshot.get("completed", 0)),
        failed=int(snapshot.get("failed", 0)), current=list(snapshot.get("current", [])),
        stuck=list(snapshot.get("stuck", [])), name=str(snapshot.get("name", "")),
        youngest_seconds=float(snapshot.get("youngest", 0)), schedules=list(snapshot.get("schedules", [])),
    )  # fmt: skip


def _server(info: Mapping[str, str], address: str, round_trip: float, snapshots: bool) -> ServerInfo:
    def number(name: str) -> int:
        return int(info.get(name, "0") or 0)

    aof = info.get("aof_enabled") == "1"
    return ServerInfo(
        address=address,
        name=info.get("server_name", "redis"),
        version=info.get("valkey_version") or info.get("redis_version", "?"),
        memory_bytes=number("used_memory"),
        memory_limit_bytes=number("maxmemory"),
        policy=info.get("maxmemory_policy", "?"),
        clients=number("connected_clients"),
        uptime_seconds=number("uptime_in_seconds"),
        round_trip_seconds=round_trip,
        persistence="AOF" if aof else "snapshots only" if snapshots else "none",
        full=ask.is_full(info),
    )


def _as_one(infos: Sequence[ServerInfo], address: str) -> ServerInfo:
    limits = [info.memory_limit_bytes for info in infos]
    policies = [info.policy for info in infos if info.policy != "noeviction"]
    kept = [info.persistence for info in infos]
    return ServerInfo(
        address=address,
        name=infos[0].name,
        version=", ".join(sorted({info.version for info in infos})),
        memory_bytes=sum(info.memory_bytes for info in infos),
        memory_limit_bytes=sum(limits) if all(limits) else 0,
        policy=(policies or ["noeviction"])[0],
        clients=sum(info.clients for info in infos),
        uptime_seconds=min(info.uptime_seconds for info in infos),
        round_trip_seconds=max(info.round_trip_seconds for info in infos),
        persistence=next(worst for worst in ("none", "snapshots only", "AOF") if worst in kept),
        full=any(info.full for info in infos),
    )
