"""The picture that `gopher stats` draws at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.text import Text

from gopher_cli.cli.safe import safe
from gopher_cli.cli.tables import Column, Listing, table_of
from gopher_cli.cli.words import (
    number,
    percent,
    plural,
    rate,
    size,
    span,
    sparkline,
    style_of,
    took,
)  # fmt: skip
from gopher_cli.cli.workers import COLUMNS
from gopher_cli.model.stats import QueueStats, ServerInfo, Stats, TypeStats, WindowStats, WorkerInfo

ORDER = ("enqueued", "processing", "scheduled", "blocked", "retrying", "failed", "completed", "cancelled")
HATCHES = dict(zip(ORDER, "▒▓░·▚╳█-", strict=True))
_WIDEST = 132


def picture(found: Stats, room: int, *, color: bool = True, footer: str = "") -> Group:
    """Everything, from what is most asked for to what is least; it fits ``room`` characters."""
    room = min(room, _WIDEST)
    parts: list[Any] = [_totals(found, room, color=color), Text()]
    parts += [_title("Queues", ""), _queues(found.queues, room), Text()]
    parts += [_title("Throughput", ""), *_throughput(found, room), Text()]
    if any(one.windows for one in found.types):
        parts += [_title("Types", "last hour"), _types(found.types, room), Text()]
    parts += [_title("Workers", _workers_say(found.workers)), *_workers(found.workers, room), Text()]
    parts += [_title("Server", ""), _server(found.server, room)]
    if footer:
        parts += [Text(), Text(f"{found.at[11:19]} UTC, {footer}", style="dim")]
    return Group(*parts)


def _title(name: str, about: str) -> Text:
    return Text.assemble((name, "bold"), (f"  {about}" if about else "", "dim"))


def _totals(found: Stats, room: int, *, color: bool) -> Group:
    """A bar of all jobs by state, and its legend. Without colours each state has its own hatching."""
    counts = {state: sum(one.states[state] for one in found.queues) for state in ORDER}
    bar = Text()
    for state, cells in shares(counts, min(room, 100)).items():
        bar.append(("█" if color else HATCHES[state]) * cells, style=style_of(state) or "white")
    if not found.total:
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
    return table_of(Listing(rows=rows, columns=columns, record=str, id=str), room)


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


def _queues(queues: list[QueueStats], room: int) -> Any:
    if not queues:
        return Text("none yet; submit a job: gopher submit -t math a:=1 b:=2 op=add", style="dim")
    columns = [
        Column(name="queue", show=lambda q: q.queue + (" (paused)" if q.paused else ""), keep=20, most=30,
               style=lambda q: "yellow" if q.paused else "bold"),
        _state_column("enqueued", 19),
        _class_column("high", 9), _class_column("normal", 8), _class_column("low", 7),
        Column(name="oldest", show=lambda q: span(q.oldest_age_seconds), right=True, keep=14),
        _state_column("processing", 18), _state_column("scheduled", 12), _state_column("blocked", 5),
        _state_column("retrying", 13), _state_column("failed", 17), _state_column("completed", 16),
        _state_column("cancelled", 4),
    ]  # fmt: skip
    return _table(columns, queues, room)


def _throughput(found: Stats, room: int) -> list[Any]:
    shown = min(60, max(20, room - 30))
    peak = max(found.per_minute[-shown:], default=0)
    line = Text.assemble(
        (sparkline(found.per_minute, room=shown), "green"),
        (f"  {shown}m, peak {number(peak)}/min" if peak else f"  {shown}m, nothing", "dim"),
    )
    columns = [Column(name="last", show=lambda w: w.window, keep=20), *_window_columns(lambda w: w)]
    return [line, _table(columns, found.windows, room)]


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
        Column(name="failed", show=lambda r: _dot(of(r).failed), style=lambda _: "red", right=True, keep=12),
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


def _types(types: list[TypeStats], room: int) -> Any:
    def hour(row: TypeStats) -> WindowStats:
        return next(window for window in row.windows if window.window == "1h")

    busiest = sorted(types, key=lambda row: -(hour(row).completed + hour(row).failed))[:12]
    columns = [Column(name="type", show=lambda r: r.type, keep=20, most=28), *_window_columns(hour)]
    more = [Text(f"and {plural(len(types) - 12, 'other type')}", style="dim")] if len(types) > 12 else []
    return Group(_table(columns, busiest, room), *more)


def _workers_say(workers: list[WorkerInfo]) -> str:
    alive = [one for one in workers if one.alive]
    if not alive:
        return ""
    busy, slots = sum(one.busy for one in alive), sum(one.slots for one in alive)
    return f"{len(alive)} alive, {busy} of {slots} slots busy"


def _workers(workers: list[WorkerInfo], room: int) -> list[Any]:
    if not workers:
        return [Text("none is running; start one: gopher worker", style="yellow")]
    gauge = Column(name="load", show=lambda w: _gauge(w.busy, w.slots), keep=4, style=lambda _: "cyan")
    columns = [*COLUMNS[:3], gauge, *COLUMNS[3:]]
    shown = workers[:12]
    more = [Text(f"and {plural(len(workers) - 12, 'other')}: gopher workers", style="dim")]
    return [_table(columns, shown, room), *(more if len(workers) > 12 else [])]


def _gauge(busy: int, slots: int) -> str:
    full = round(8 * busy / slots) if slots else 0
    return "▰" * min(8, full) + "▱" * (8 - min(8, full))


def _server(server: ServerInfo, room: int) -> Group:
    limit = f" of {size(server.memory_limit_bytes)}" if server.memory_limit_bytes else ""
    loses = server.policy not in ("noeviction", "?")
    facts: list[tuple[str, str, str]] = [
        ("", f"{server.name.capitalize()} {server.version} at {server.address}", ""),
        ("memory", f"{size(server.memory_bytes)}{limit}", ""),
        ("eviction", server.policy, "red" if loses else ""),
        ("round trip", took(server.round_trip_seconds), ""),
        ("persistence", server.persistence, "" if server.persistence.startswith("AOF") else "yellow"),
        ("clients", number(server.clients), ""),
        ("up", span(server.uptime_seconds), ""),
    ]
    return _flow(
        [
            Text.assemble((f"{name} " if name else "", "dim"), (safe(value), style))
            for name, value, style in facts
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
