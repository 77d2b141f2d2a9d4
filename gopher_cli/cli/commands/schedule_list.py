"""gopher schedule ls, show, history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any

from gopher_cli.cli.input import schedule_options as s
from gopher_cli.cli.input.filters import check_said
from gopher_cli.cli.render.schedule_times import described, schedule_of, ticks_of
from gopher_cli.cli.render.styles import ago, style_of, when
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.common_options import option
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import Column, Listing, cell, print_rich, width, write_pairs
from gopher_cli.model.schedule.schedule import ON_TIME
from gopher_cli.model.schedule.schedule_state import HistoryEntry, ScheduleRow

Of = Annotated[str | None, option("--queue", "-Q", metavar="QUEUE", help="only those of this queue")]
STYLES = {"active": "green", "paused": "yellow", "unreadable": "red"}


@command
def ls(console: Console, queue: Of = None) -> None:
    """List the schedules: when they are due, what is next, how the last runs went.

      gopher schedule ls -Q reports

    Of the last ticks, the newest to the right: ● completed, ✗ failed, ○ unfinished, · forgotten,
    - skipped (the run before was unfinished), ! missed (nobody was there to run it).
    """
    check_said(queue=queue)
    rows = console.call(lambda gopher: gopher.schedules(queue or ""))
    console.rows(
        Listing(rows=rows, columns=columns(round(time.time() * 1000)), extra=EXTRA, record=record,
                id=lambda row: row.name,
                empty="no schedule yet; make one: gopher schedule set NAME -t TYPE --cron '0 3 * * *'")
    )  # fmt: skip


@command
def show(console: Console, schedule: s.Schedule, queue: s.OfQueue = None) -> None:
    """Show every field of a schedule, and what became of its last runs.

    gopher schedule show nightly
    """
    row = _row(console, schedule, queue)
    match console.format:
        case "json" | "ndjson":
            console.json(record(row), lines=console.format == "ndjson")
        case "id":
            console.ids([row.name])
        case "table":
            from gopher_cli.cli.render.schedule import portrait

            print_rich(console, portrait(row, width(console), round(time.time() * 1000)))
        case _:
            write_pairs(console, _pairs(row))


@command
def history(console: Console, schedule: s.Schedule, queue: s.OfQueue = None) -> None:
    """Show what became of the last 20 runs of a schedule, the newest first.

    gopher schedule history nightly
    """
    from gopher_cli.cli.render.schedule import entry_columns

    row = _row(console, schedule, queue)
    views = {id(entry): view for entry, view in zip(row.standing.history, record(row).history, strict=True)}
    console.rows(
        Listing(rows=row.standing.history, columns=entry_columns(row), record=lambda one: views[id(one)],
                id=_made, empty="it has not been due yet")
    )  # fmt: skip


def _made(entry: HistoryEntry) -> str:
    return entry.detail if entry.made else ""


def _row(console: Console, schedule: str, queue: str | None) -> ScheduleRow:
    check_said(queue=queue)
    return console.call(lambda gopher: schedule_of(gopher, schedule, queue))


def record(row: ScheduleRow) -> Any:
    """A schedule as JSON: the same as in the HTTP API."""
    from gopher_cli.model.schedule.schedule_view import view

    return view(row)


def _pairs(row: ScheduleRow) -> Iterator[tuple[str, str]]:
    """Name and value, a line each; each entry of the history has one."""
    import msgspec

    fields = msgspec.json.decode(msgspec.json.encode(record(row)))
    for name, value in fields.items():
        if name == "history":
            for entry in value:
                yield name, " ".join(f"{k}={cell(v)}" for k, v in entry.items() if v is not None)
        elif name == "payload":
            yield name, cell(bytes(row.schedule.spec.payload).decode() if row.schedule else "")
        else:
            yield name, cell(value)


def columns(now: int) -> list[Column]:
    """What a row of schedules shows; times count from ``now`` (epoch ms)."""
    return [
        Column(name="name", show=lambda r: r.name, keep=20, most=40, least=10, style=lambda r: "bold"),
        Column(name="queue", show=lambda r: r.queue, keep=8, most=20, least=8),
        Column(name="type", show=_type, keep=9, most=24, least=8),
        Column(name="when", show=described, keep=15, most=48, least=22),
        Column(name="next", show=lambda r: ago(r.next or 0, now), raw=lambda r: when(r.next or 0), keep=17,
               style=lambda r: "yellow" if r.next and now - r.next > 1000 * ON_TIME else ""),
        Column(name="last", show=lambda r: _last(r, now), raw=lambda r: when(_last_ms(r)), keep=14,
               style=lambda r: style_of(_last_state(r))),
        Column(name="runs", show=lambda r: str(r.standing.ran), raw=lambda r: r.standing.ran, right=True,
               keep=12),
        _count("skipped"), _count("missed"),
        Column(name="state", show=lambda r: r.state, keep=18, style=lambda r: STYLES.get(r.state, "dim")),
        Column(name="last ticks", show=lambda r: "".join(mark for mark, _ in ticks_of(r)), keep=5,
               raw=lambda r: [word for _, word in ticks_of(r)], most=20, optional=True,
               parts=lambda r: [(mark, TICK_STYLES[mark]) for mark, _ in ticks_of(r)]),
    ]  # fmt: skip


TICK_STYLES = {"●": "green", "✗": "red", "○": "cyan", "·": "dim", "-": "yellow", "!": "magenta"}


def _count(name: str) -> Column:
    return Column(
        name=name, show=lambda r: str(getattr(r.standing, name) or ""), right=True, keep=4, optional=True,
        raw=lambda r: getattr(r.standing, name), style=lambda r: "yellow",
    )  # fmt: skip


EXTRA = (
    Column(name="last job", show=lambda r: r.standing.job),
    Column(name="last state", show=lambda r: _last_state(r)),
    Column(name="reason", show=lambda r: r.standing.pause.reason if r.standing.pause else r.problem),
)


def _type(row: ScheduleRow) -> str:
    return row.schedule.spec.type if row.schedule else ""


def _last_entry(row: ScheduleRow) -> HistoryEntry | None:
    return next((entry for entry in row.standing.history if entry.made), None)


def _last_ms(row: ScheduleRow) -> int:
    entry = _last_entry(row)
    return (entry.instant or entry.at) if entry else 0


def _last_state(row: ScheduleRow) -> str:
    return row.jobs.get(row.standing.job, "")


def _last(row: ScheduleRow, now: int) -> str:
    """How long ago, and the state of its job where that is not yet, or not at all, well."""
    then, state = ago(_last_ms(row), now), _last_state(row)
    return then if state in ("", "completed") else f"{then} {state}"
