"""A queue in which something has happened, made with the verbs of a worker."""

from __future__ import annotations

import json
from typing import Any

import builders

from cli.running import Cli
from gopher_cli.build import run_once
from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import Lease
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.calls import Report
from gopher_cli.store.keyspace import fleet_of

WORKER = "w1"


def do(cli: Cli, work: Any) -> Any:
    """Run a coroutine function of a Gopher in the namespace of this test."""
    return run_once(Settings.resolve(cli.env), work)


def start(cli: Cli, queue: str = "default", count: int = 1) -> list[Lease]:
    """A worker takes jobs and runs them."""

    async def work(gopher: Gopher) -> Any:
        token = f"{WORKER}.0:{cli.env['GOPHER_NAMESPACE'][-8:]}"
        return await gopher.reserve(
            queue, worker=f"{WORKER}.0", token=token, sequence=next(builders._numbers), count=count
        )

    return list(do(cli, work).leases)


def end(cli: Cli, lease: Lease, came_to: Any, /, **said: Any) -> None:
    """The attempt ends so; ``said`` goes into the job's history, or is its result."""
    settlement = builders.settlement(lease, came_to)
    if said:
        settlement = builders.msgspec.structs.replace(settlement, data=json.dumps(said).encode())

    async def work(gopher: Gopher) -> Any:
        return await gopher.settle(f"{WORKER}.0", [settlement])

    do(cli, work)


def fail(cli: Cli, *args: str, error: str = "the disk is full", **said: Any) -> str:
    """A job that ran once and is dead."""
    id = cli.id("-t", "x", "-r", "0", *args)
    (lease,) = start(cli, queue=args[args.index("-Q") + 1] if "-Q" in args else "default")
    end(cli, lease, builders.discard(), **{"outcome": "failed", "error": error, "attempt": 1} | said)
    return id


def report(cli: Cli, lease: Lease, *, log: str = "", progress: Any = None) -> None:
    raw = json.dumps(progress).encode() if progress else b""

    async def work(gopher: Gopher) -> None:
        await gopher.report([Report(lease, raw, log.encode("utf-8", "surrogatepass"))])

    do(cli, work)


def beat(cli: Cli, worker: str = WORKER, **about: Any) -> None:
    """A worker says that it lives, and will for some minutes: on a slow machine it is soon taken for dead."""

    async def work(gopher: Gopher) -> None:
        later = await gopher.store.ask(ask.time_ms()) + 10 * builders.minute
        call = calls.beat(
            fleet_of(gopher.namespace), worker, builders.msgspec.json.encode(about), now=str(later)
        )
        await gopher.store.run(call)

    do(cli, work)
