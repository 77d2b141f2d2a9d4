"""What is measured: one function per workload, each takes a lane and returns its numbers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.lane import Lane
from benchmarks.running import Worker, WorkerError
from benchmarks.server import Server
from benchmarks.work import NAP, PAYLOAD

Numbers = dict[str, float]
NAPS = 2_000
MILLION = 1_000_000
WARM = 50  # connections made, scripts loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Where a lane runs: the server, a directory for its files, and how much of everything."""

    server: Server
    directory: Path
    share: float = 1.0  # of a lane's own number of jobs
    patience: float = 60.0  # with a silent worker


def drain(track: Track, lane: Lane, *, kind: str = "noop", name: str = "drain") -> Numbers:
    """Jobs a second through one worker at concurrency 10; and of their bulk submission."""
    n = max(200, int(lane.jobs * track.share))
    lane.bulk(kind, WARM, PAYLOAD)
    before = track.server.memory()
    began = time.perf_counter()
    lane.bulk(kind, n - WARM, PAYLOAD)
    took = time.perf_counter() - began
    grown = track.server.memory() - before
    found = {"bulk": (n - WARM) / took, "bytes": grown / (n - WARM)} if name == "drain" else {}

    return found | {name: _rate(track, lane, n)}


def _rate(track: Track, lane: Lane, n: int) -> float:
    with Worker(lane, track.directory, expect=n) as worker:
        first = worker.moment(track.patience)
        last = worker.moment(track.patience)
    return (n - 1) / (last - first) * 1e9


def singles(track: Track, lane: Lane) -> Numbers:
    """Submits a second from one client that waits for each answer."""
    n = max(200, int(4_000 * track.share))
    lane.each(WARM, PAYLOAD)
    began = time.perf_counter()
    lane.each(n, PAYLOAD)
    return {"single": n / (time.perf_counter() - began)}


def pickup(track: Track, lane: Lane) -> Numbers:
    """Milliseconds from just before the submit to the handler's first line, on an idle worker."""
    wanted = max(50, int(300 * track.share))
    found: list[float] = []
    enough = time.monotonic() + 30
    with Worker(lane, track.directory) as worker:
        for _ in range(5 + wanted):
            lane.one("probe", PAYLOAD | {"sent": time.monotonic_ns()})
            found.append(worker.moment(track.patience) / 1e6)
            if time.monotonic() > enough:
                break
            time.sleep(random.uniform(0.002, 0.006))
    # the first of them waited for the worker to start
    found = sorted(found[5:])
    if len(found) < 20:
        raise WorkerError(f"only {len(found)} jobs were picked up in 30 s")
    return {"p50": found[len(found) // 2], "p99": found[int(len(found) * 0.99)]}


def naps(track: Track, lane: Lane) -> Numbers:
    """Seconds for 2 000 jobs of 50 ms at concurrency 100; the ideal is 1.0."""
    lane.bulk("nap", NAPS, PAYLOAD)
    with Worker(lane, track.directory, concurrency=100, expect=NAPS) as worker:
        first = worker.moment(track.patience)
        last = worker.moment(track.patience)
    return {"naps": (last - first) / 1e9 + NAP}


def backlog(track: Track, lane: Lane) -> Numbers:
    """The drain rate of jobs alone, and right after that with a million more behind them."""
    n = max(200, int(lane.jobs * track.share))
    lane.bulk("noop", n, PAYLOAD)
    alone = _rate(track, lane, n)
    track.server.empty()
    lane.bulk("noop", n + MILLION, PAYLOAD)
    crowded = _rate(track, lane, n)
    return {"alone": alone, "crowded": crowded, "crowded_ratio": crowded / alone}


WORKLOADS: dict[str, tuple[str, Callable[[Track, Lane], Numbers]]] = {
    "drain": ("noop", drain),
    "single": ("noop", singles),
    "pickup": ("probe", pickup),
    "naps": ("nap", naps),
    "sync": ("noop_sync", partial(drain, kind="noop_sync", name="sync")),
}


def measure(track: Track, make: Callable[[str], Lane], workload: str) -> Numbers:
    """One workload on an emptied server; nothing for a kind that the lane does not know."""
    kind, run = WORKLOADS.get(workload, ("noop", backlog))
    track.server.empty()
    with closing(make(track.server.url)) as lane:
        return run(track, lane) if kind in lane.kinds else {}
