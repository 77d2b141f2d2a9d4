"""Counting: one picture of everything, at the cost of a few reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gopher_cli.model.errors import BadData
from gopher_cli.model.job.job import CLASSES, JobState
from gopher_cli.model.numbers.histogram import WINDOWS, Cell, per_minute, percentile, window, window_length
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.model.views.stats import QueueStats, Speed, Stats, Timing, TypeStats, WindowStats
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.calls import Depth
from gopher_cli.store.keyspace import PLACES
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.queues import known_queues
from gopher_cli.verbs.read.fleet import list_workers, server

_Seen = tuple[Depth, dict[str, bytes]]


async def stats(core: Core, queues: Sequence[str] = ()) -> Stats:
    """Depths, throughput, times, workers and the server. Raises NotFound for an unknown queue."""
    names = await known_queues(core, queues)
    known, unreadable = await readable_depths(core, names)
    cells = [cells for _, cells in known.values()]
    now = await time_ms(core)
    per_queue = [queue_stats(queue, depth) for queue, (depth, _) in known.items()]
    types = type_stats(cells, now)
    totals = {str(state): sum(stand.states[state] for stand in per_queue) for state in JobState}
    ages = [stand.oldest_age_seconds for stand in per_queue if stand.oldest_age_seconds is not None]
    return Stats(
        at=rfc3339(now),
        pending=totals["enqueued"], running=totals["processing"], completed=totals["completed"],
        failed=totals["failed"], total=sum(totals.values()), scheduled=totals["scheduled"],
        retrying=totals["retrying"], blocked=totals["blocked"], cancelled=totals["cancelled"],
        backlog=totals["enqueued"] + totals["retrying"], oldest_age_seconds=max(ages, default=None),
        queues=per_queue, windows=all_windows(cells, now), types=types,
        per_minute=per_minute(cells, now, 60), workers=await list_workers(core), server=await server(core),
        unreadable=unreadable,
    )  # fmt: skip


async def readable_depths(core: Core, names: Sequence[str]) -> tuple[dict[str, _Seen], list[str]]:
    """Depth and cells by queue; apart, the queues with foreign keys: they must not hide the others."""
    try:
        return dict(zip(names, await _look(core, names), strict=True)), []
    except BadData:
        known, unreadable = {}, []
        for name in names:
            try:
                (known[name],) = await _look(core, [name])
            except BadData:
                unreadable.append(name)
        return known, unreadable


async def _look(core: Core, names: Sequence[str]) -> list[_Seen]:
    keys = [core.keys(queue) for queue in names]
    depths = await core.store.run_many([calls.depth(key) for key in keys])
    return list(zip(depths, await core.store.ask(ask.cells(keys)), strict=True))


async def list_queue_stats(core: Core, queues: Sequence[str] = ()) -> list[QueueStats]:
    """How these queues stand, or all. Raises NotFound for an unknown one."""
    names = await known_queues(core, queues)
    depths = await core.store.run_many([calls.depth(core.keys(queue)) for queue in names])
    return [queue_stats(queue, depth) for queue, depth in zip(names, depths, strict=True)]


async def speeds(core: Core, queues: Sequence[str]) -> dict[str, Speed]:
    """How fast attempts end, by queue."""
    now, by_queue = await time_ms(core), await core.store.ask(ask.cells([core.keys(name) for name in queues]))
    return {queue: _speed(cells, now) for queue, cells in zip(queues, by_queue, strict=True)}


async def time_ms(core: Core) -> int:
    """The time of Redis, by which all times of jobs are: epoch milliseconds."""
    return await core.store.ask(ask.time_ms())


async def depth(core: Core, queue: str) -> Depth:
    return await core.store.run(calls.depth(core.keys(queue)))


def queue_stats(queue: str, depth: Depth) -> QueueStats:
    states = {str(state): 0 for state in JobState}
    for place, size in depth.sizes.items():
        states[PLACES[place]] += size
    ages = {name: max(0, depth.now - at) / 1000 for name, at in depth.oldest.items()}
    return QueueStats(
        queue=queue,
        paused=bool(depth.paused_since),
        states=states,
        classes={name: depth.sizes[f"ready_{name}"] for name in CLASSES},
        oldest_age_seconds=max(ages.values(), default=None),
        class_ages=ages,
        counters=depth.counters,
        outbox=depth.outbox,
        unhandled={type: jobs for type, (jobs, _) in sorted(depth.unhandled.items())},
    )


def type_stats(cells: Sequence[Mapping[str, bytes]], now: int) -> list[TypeStats]:
    merged = {name: _by_type(cells, now, seconds) for name, seconds in WINDOWS.items()}
    types = sorted({type for by_type in merged.values() for type in by_type})
    return [
        TypeStats(
            type=type,
            windows=[window_stats(name, by_type.get(type, Cell()), now) for name, by_type in merged.items()],
        )
        for type in types
    ]


def all_windows(cells: Sequence[Mapping[str, bytes]], now: int) -> list[WindowStats]:
    result = []
    for name, seconds in WINDOWS.items():
        whole = Cell()
        for cell in _by_type(cells, now, seconds).values():
            whole.add(cell)
        result.append(window_stats(name, whole, now))
    return result


def _by_type(cells: Sequence[Mapping[str, bytes]], now: int, seconds: int) -> dict[str, Cell]:
    merged: dict[str, Cell] = {}
    for cells_of_queue in cells:
        for type, cell in window(cells_of_queue, now, seconds).items():
            merged.setdefault(type, Cell()).add(cell)
    return merged


def window_stats(name: str, cell: Cell, now: int) -> WindowStats:
    return WindowStats(
        window=name,
        completed=cell.completed,
        retried=cell.retried,
        failed=cell.failed,
        per_second=cell.attempts / window_length(now, WINDOWS[name]),
        success_rate=cell.success_rate,
        run=_timing(cell.run),
        wait=_timing(cell.wait),
    )


def _timing(histogram: list[int]) -> Timing:
    p50, p95, p99 = (percentile(histogram, share) for share in (0.5, 0.95, 0.99))
    return Timing(p50=p50, p95=p95, p99=p99)


def _speed(cells: Mapping[str, bytes], now: int) -> Speed:
    ended = sum(cell.attempts for cell in window(cells, now, 300).values())
    minutes = per_minute([cells], now, 61)[:-1]
    return Speed(per_second=ended / window_length(now, 300), per_minute=minutes)
