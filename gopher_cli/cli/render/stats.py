"""The picture that `gopher stats` draws at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.text import Text

from gopher_cli.cli.render.styles import (
    number,
    percent,
    plural,
    rate,
    size,
    span,
    sparkline,
    style_of,
    took,
    types_of,
)  # fmt: skip
from gopher_cli.cli.render.workers import COLUMNS, columns_of
from gopher_cli.cli.terminal.tables import Column, Listing, alike, table_of
from gopher_cli.model.text.safe import safe
from gopher_cli.model.views.stats import QueueStats, ServerInfo, Stats, TypeStats, WindowStats, WorkerInfo

ORDER = ("enqueued", "processing", "scheduled", "blocked", "retrying", "failed", "completed", "cancelled")
HATCHES = dict(zip(ORDER, "▒▓░·▚╳█-", strict=True))
_WIDEST = 132
SHORTEST = 8


def picture(stats: Stats, room: int, *, color: bool = True, footer: str = "", trim: int = 0) -> Group:
    """Everything, from what is most asked for to what is least; it fits ``room`` characters.

    ``trim`` makes it shorter, step by step up to SHORTEST, where the screen is low: most types go
    first, then the long windows, the sparkline, all types, most queues, most workers, most about
    the server, all windows.
    """
    room = min(room, _WIDEST)
    parts: list[Any] = [_totals(stats, room, color=color), Text()]
    parts += [_title("Queues", ""), *_queues(stats.queues, room, 3 if trim >= 5 else 0)]
    parts += [*_unhandled(stats.queues), *_unreadable(stats.unreadable), Text()]
    windows, types = _speed_tables(stats, room, trim)
    line = [_sparkline(stats, room)] if trim < 3 else []
    if trim < 8:
        parts += [_title("Throughput", ""), *line, windows, Text()]
    if types and trim < 4:
        parts += [_title("Types", "last hour"), *types, Text()]
    most = 2 if trim >= 6 else 12
    parts += [_title("Workers", _workers_say(stats.workers)), *_workers(stats.workers, room, most), Text()]
    parts += [_title("Server", ""), _server(stats.server, room, 2 if trim >= 7 else 7)]
    if footer:
        parts += [
            Text(),
            Text(f"{footer}, {stats.at[11:19]} UTC", style="dim", no_wrap=True, overflow="ellipsis"),
        ]
    return Group(*parts)


def _title(name: str, about: str) -> Text:
    return Text.assemble((name, "bold"), (f"  {about}" if about else "", "dim"))


def _unhandled(queues: list[QueueStats]) -> list[Text]:
    return [
        Text(
            f"no handler in {safe(queue.queue)}: {types_of(queue.unhandled)}; start a worker that has it",
            style="red",
        )
        for queue in queues
        if queue.unhandled
    ]


def _unreadable(queues: list[str]) -> list[Text]:
    names = ", ".join(safe(name) for name in queues)
    return [Text(f"not counted, for keys that are not ours: {names}", style="red")] if queues else []


def _totals(stats: Stats, room: int, *, color: bool) -> Group:
    """A bar of all jobs by state, and its legend. Without colours each state has its own hatching."""
    counts = {state: sum(queue.states[state] for queue in stats.queues) for state in ORDER}
    bar = Text()
    for state, cells in shares(counts, min(room, 100)).items():
        bar.append(("█" if color else HATCHES[state]) * cells, style=style_of(state) or "white")
    if not stats.total:
        bar = Text("─" * min(room, 100), style="dim")
    legend = Text(no_wrap=False)
    for state in ORDER:
        if counts[state] or state in ("enqueued", "processing", "failed", "completed"):
            legend.append(
                "■ " if color else HATCHES[state] + " ", style=style_of(state) if counts[state] else "dim"
            )
            legend.append(f"{number(counts[state])} ", style="bold" if counts[state] else "dim")
            legend.append(f"{state}   ", style="" if counts[state] else "dim")
    return Group(bar, legend)


def shares(counts: dict[str, int], room: int) -> dict[str, int]:
    """How many of ``room`` cells each gets: in proportion, and one at least for whatever is there."""
    there = {name: count for name, count in counts.items() if count}
    whole = sum(there.values())
    cells = {name: max(1, count * room // whole) for name, count in there.items()}
    if cells:
        largest = max(there, key=lambda name: there[name])
        cells[largest] += room - sum(cells.values())
    return cells


def _table(columns: Sequence[Column], rows: Sequence[Any], room: int) -> Any:
    return table_of(Listing(rows=rows, columns=columns, id=str), room)


def _dot(count: int) -> str:
    return number(count) if count else "·"


def _state_column(state: str, keep: int) -> Column:
    return Column(
        name=state,
        show=lambda q: _dot(q.states[state]),
        style=lambda _: style_of(state),
        right=True,
        keep=keep,
        optional=state not in ("enqueued", "processing", "failed", "completed"),
    )


def _class_column(name: str, keep: int) -> Column:
    return Column(name=name, show=lambda q: _dot(q.classes[name]), right=True, keep=keep)


def _queues(queues: list[QueueStats], room: int, most: int) -> list[Any]:
    if not queues:
        return [Text("none yet; submit a job: gopher submit -t math a:=1 b:=2 op=add", style="dim")]
    columns = [
        Column(name="queue", show=lambda q: q.queue + (" (paused)" if q.paused else ""), keep=20, most=30,
               style=lambda q: "yellow" if q.paused else "bold"),
        _state_column("enqueued", 18),
        _class_column("high", 9), _class_column("normal", 8), _class_column("low", 7),
        Column(name="oldest", show=lambda q: span(q.oldest_age_seconds), right=True, keep=14),
        _state_column("processing", 17), _state_column("scheduled", 12), _state_column("blocked", 5),
        _state_column("retrying", 13), _state_column("failed", 19), _state_column("completed", 16),
        _state_column("cancelled", 4),
    ]  # fmt: skip
    return [_table(columns, queues[: most or None], room), *_more(len(queues), most)]


def _more(count: int, most: int) -> list[Text]:
    return [Text(f"… {number(count - most)} more", style="dim")] if most and count > most else []


def _sparkline(stats: Stats, room: int) -> Text:
    shown = min(60, max(20, room - 30))
    peak = max(stats.per_minute[-shown:], default=0)
    return Text.assemble(
        (sparkline(stats.per_minute, room=shown), "green"),
        (f"  {shown}m, peak {number(peak)}/min" if peak else f"  {shown}m, nothing", "dim"),
    )


def _speed_tables(stats: Stats, room: int, trim: int) -> tuple[Any, list[Any]]:
    """What the windows of time tell, and the last hour by type, with the same columns."""
    last = Column(name="last", show=lambda w: w.window, keep=20)
    windows = [window for window in stats.windows if trim < 2 or window.window not in ("1h", "24h")]
    listings = [
        Listing(rows=windows, columns=[last, *_window_columns(lambda w: w)], id=str),
        *_types(stats.types, 5 if trim else 12),
    ]
    first, *rest = [table_of(listing, room) for listing in alike(listings, room)]
    return first, [*rest, *_more(len(stats.types), 5 if trim else 12)] if rest else []


def _window_columns(of: Any) -> list[Column]:
    """What a window of time tells; ``of`` finds it in a row."""

    def timing(kind: str, name: str, keep: int) -> Column:
        # The first of three bears the name of all.
        title = f"{kind} {name}"
        return Column(
            name=title, show=lambda r: took(getattr(getattr(of(r), kind), name)), right=True, keep=keep
        )

    return [
        Column(
            name="done", show=lambda r: _dot(of(r).completed), style=lambda _: "green", right=True, keep=18
        ),
        Column(
            name="retried", show=lambda r: _dot(of(r).retried), style=lambda _: "magenta", right=True, keep=6
        ),
        Column(name="failed", show=lambda r: _dot(of(r).failed), style=lambda _: "red", right=True, keep=19),
        Column(name="speed", show=lambda r: rate(of(r).per_second), right=True, keep=15),
        Column(
            name="success",
            show=lambda r: percent(of(r).success_rate),
            right=True,
            keep=16,
            style=lambda r: health(of(r)),
        ),
        timing("run", "p50", 14),
        timing("run", "p95", 13),
        timing("run", "p99", 8),
        timing("wait", "p50", 11),
        timing("wait", "p95", 10),
        timing("wait", "p99", 7),
    ]


def health(window: WindowStats) -> str:
    share = window.success_rate
    return "" if share is None else "green" if share >= 0.99 else "yellow" if share >= 0.9 else "red"


def _types(types: list[TypeStats], most: int) -> list[Listing]:
    """The busiest ones; nothing where no type has ended a job."""

    def hour(row: TypeStats) -> WindowStats:
        return next(window for window in row.windows if window.window == "1h")

    if not any(type.windows for type in types):
        return []
    busiest = sorted(types, key=lambda row: -(hour(row).completed + hour(row).failed))[:most]
    columns = [Column(name="type", show=lambda r: r.type, keep=20, most=28), *_window_columns(hour)]
    return [Listing(rows=busiest, columns=columns, id=str)]


def _workers_say(workers: list[WorkerInfo]) -> str:
    alive = [worker for worker in workers if worker.alive]
    if not alive:
        return ""
    busy, slots = sum(one.busy for one in alive), sum(one.slots for one in alive)
    return f"{len(alive)} alive, {busy} of {slots} slots busy"


def _workers(workers: list[WorkerInfo], room: int, most: int) -> list[Any]:
    if not workers:
        return [Text("none is running; start one: gopher worker", style="yellow")]
    gauge = Column(
        name="load",
        show=lambda w: _gauge(w.busy, w.slots) if w.alive else "-",
        keep=4,
        style=lambda _: "cyan",
    )
    known = columns_of(workers)
    at = known.index(COLUMNS[2]) + 1  # behind what is busy
    columns = [*known[:at], gauge, *known[at:]]
    more = [Text(f"and {plural(len(workers) - most, 'other')}: gopher workers", style="dim")]
    return [_table(columns, workers[:most], room), *(more if len(workers) > most else [])]


def _gauge(busy: int, slots: int) -> str:
    full = round(8 * busy / slots) if slots else 0
    return "▰" * min(8, full) + "▱" * (8 - min(8, full))


def _server(server: ServerInfo, room: int, most: int) -> Group:
    limit = f" of {size(server.memory_limit_bytes)}" if server.memory_limit_bytes else ""
    full = ": full, submits are refused" if server.full else ""
    loses = server.policy not in ("noeviction", "?")
    facts: list[tuple[str, str, str]] = [
        ("", f"{server.name.capitalize()} {server.version} at {server.address}", ""),
        ("memory", f"{size(server.memory_bytes)}{limit}{full}", "red" if server.full else ""),
        ("eviction", server.policy, "red" if loses else ""),
        ("round trip", took(server.round_trip_seconds), ""),
        ("persistence", server.persistence, "" if server.persistence.startswith("AOF") else "yellow"),
        ("clients", number(server.clients), ""),
        ("up", span(server.uptime_seconds), ""),
    ]
    return _flow(
        [
            Text.assemble((f"{name} " if name else "", "dim"), (safe(value), style))
            for name, value, style in facts[:most]
        ],
        room,
    )


def _flow(pieces: Sequence[Text], room: int) -> Group:
    """Pieces side by side; one that does not fit begins a line, and none is broken."""
    lines = [Text()]
    for piece in pieces:
        if lines[-1].cell_len and lines[-1].cell_len + 3 + piece.cell_len > room:
            lines.append(Text())
        lines[-1].append("   " if lines[-1].cell_len else "").append_text(piece)
    return Group(*lines)
