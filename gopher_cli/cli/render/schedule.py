"""The portrait of a schedule that `gopher schedule show` draws at a terminal, and its history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gopher_cli.cli.render.schedule_times import described, local
from gopher_cli.cli.render.styles import ago, span, style_of, when
from gopher_cli.cli.terminal.tables import Column, Listing, table_of
from gopher_cli.model.job.fields import as_text, given_in
from gopher_cli.model.schedule.schedule import Schedule
from gopher_cli.model.schedule.schedule_state import HistoryEntry, ScheduleRow
from gopher_cli.model.text.safe import safe

_MOST_TEXT = 4000
_STATES = {"active": "green", "paused": "yellow", "unreadable": "red"}
_OUTCOMES = {"ran": "green", "manual": "green", "skipped": "yellow", "missed": "magenta"}


def portrait(row: ScheduleRow, room: int, now: int) -> Group:
    """The head, when it is due and how it stands, what it makes, and what became of its last runs."""
    room, style = min(room, 120), _STATES.get(row.state, "dim")
    head = Text.assemble(
        ("● ", style), (safe(row.name), "bold"), "  ", safe(row.queue), "  ", (row.state, style)
    )
    parts: list[Any] = [head]
    if row.standing.pause:
        parts.append(Text(f"  {_pause(row, now)}", style="yellow"))
    if row.problem:
        parts.append(Text(f"  {safe(row.problem)}", style="red"))
    parts += [Text(), _facts(row, now)]
    if row.schedule:
        parts += _section("Payload", Text(_payload(row.schedule)))
    if row.standing.history:
        listing = Listing(
            rows=row.standing.history, columns=entry_columns(row), id=lambda entry: entry.detail
        )
        parts += _section("History", table_of(listing, room - 2))
    return Group(*parts)


def _section(title: str, body: Any) -> list[Any]:
    return [Text(), Text(title, style="bold"), Padding(body, (0, 0, 0, 2))]


def _pause(row: ScheduleRow, now: int) -> str:
    pause = row.standing.pause
    assert pause
    by = f" by {pause.by}" if pause.by else ""
    why = f": {pause.reason}" if pause.reason else ""
    return safe(f"paused {ago(pause.at, now)}{by}{why}")


def _facts(row: ScheduleRow, now: int) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in [*_times(row, now), *(_definition(row.schedule) if row.schedule else ())]:
        if value:
            table.add_row(Text(f"  {name}"), Text(safe(value)))
    return table


def _times(row: ScheduleRow, now: int) -> Iterator[tuple[str, str]]:
    when_, standing = row.schedule.when if row.schedule else None, row.standing
    if when_:
        yield "when", described(row)
        yield "expression", f"{when_.cron} {when_.tz}" if when_.cron else ""
    if row.next:
        yield "next run", f"{local(row.next, when_)} ({ago(row.next, now)})"
    if standing.job:
        state = row.jobs.get(standing.job, "forgotten")
        yield "last run", f"{standing.job} {state}"
    yield "runs", str(standing.ran)
    yield "skipped", f"{standing.skipped or ''}"
    yield "missed", f"{standing.missed or ''}"
    if row.schedule and when_:
        limit = row.schedule.run_limit
        yield "runs left", str(max(0, limit - standing.ran)) if limit else ""
        yield "from", local(round(when_.start * 1000), when_) if when_.start else ""
        yield "until", local(round(when_.until * 1000), when_) if when_.until else ""
        yield "jitter", span(when_.jitter) if when_.jitter else ""


def _definition(schedule: Schedule) -> Iterator[tuple[str, str]]:
    spec = schedule.spec
    within = f", not older than {span(schedule.within)}" if schedule.within else ""
    yield "overlap", schedule.overlap
    yield "catchup", f"{schedule.catchup}{within}"
    yield "pause after", f"{schedule.pause_after} dead runs in a row" if schedule.pause_after else ""
    yield "type", spec.type
    for field, value in given_in(spec):
        yield field.title, as_text(field, value)
    yield "declared by", "the code of an app" if schedule.origin == "app" else ""
    yield "set by", schedule.by


def _payload(schedule: Schedule) -> str:
    import msgspec

    text = msgspec.json.format(bytes(schedule.spec.payload), indent=2).decode()
    cut = safe(text[:_MOST_TEXT], lines=True)
    return cut if len(text) <= _MOST_TEXT else f"{cut}\n... see all of it with -o json"


def entry_columns(row: ScheduleRow) -> Sequence[Column]:
    """What a row of a history shows."""
    when_ = row.schedule.when if row.schedule else None

    def instant(entry: HistoryEntry) -> str:
        return local(entry.instant or entry.at, when_)

    return (
        Column(name="time", show=instant, raw=lambda e: when(e.instant or e.at), keep=20),
        Column(name="outcome", show=lambda e: e.outcome, keep=19,
               style=lambda e: _OUTCOMES.get(e.outcome, "")),
        Column(name="count", show=lambda e: str(e.count) if e.count > 1 else "", raw=lambda e: e.count,
               keep=10, right=True, optional=True),
        Column(name="state", show=lambda e: row.jobs.get(e.detail, "forgotten") if e.made else "", keep=15,
               style=lambda e: style_of(row.jobs.get(e.detail, ""))),
        Column(name="about", show=lambda e: about(e, when_), keep=12, most=60, least=12),
    )  # fmt: skip


def about(entry: HistoryEntry, when_: Any) -> str:
    """The job that was made; who was in the way; until when; or why."""
    if entry.made:
        return entry.detail
    if entry.outcome == "skipped":
        return f"{entry.detail} was unfinished"
    if entry.outcome == "missed":
        return f"until {local(entry.last, when_)}" if entry.count > 1 else "nobody was there to run it"
    return entry.detail
