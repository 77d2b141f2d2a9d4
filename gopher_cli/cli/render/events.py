"""Events as lines and tables: the same words in each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gopher_cli.cli.render.styles import ago, style_of, when
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.color import wants_color
from gopher_cli.cli.terminal.tables import Column, Listing, write_listing
from gopher_cli.model.events import OF_QUEUES, OF_SCHEDULES, EventFilter, JobEvent
from gopher_cli.model.facts import AuditEntry
from gopher_cli.model.text.safe import safe

_CODES = {
    "cyan": "36", "blue": "34", "yellow": "33", "magenta": "35", "green": "32", "red": "31", "dim": "2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """One job, a queue or a schedule came to a state. Of a queue ``id`` and ``type`` are empty; of a schedule
    ``id`` is its name."""

    at_ms: int
    state: str
    type: str
    id: str
    queue: str


def happened(event: JobEvent, filter: EventFilter) -> Iterator[Happening]:
    """What of this event is wanted, job by job."""
    if not filter.has(event):
        return
    if event.state in OF_QUEUES:
        yield Happening(event.at_ms, event.state, "", "", event.queue)
    for id in filter.ids(event):
        yield Happening(event.at_ms, event.state, event.types.get(id, ""), id, event.queue)


def record(row: Happening) -> dict[str, object]:
    of = "schedule" if row.state in OF_SCHEDULES else "job_id"
    return {
        "at": when(row.at_ms), "status": row.state, "type": row.type or None, of: row.id or None,
        "queue": row.queue,
    }  # fmt: skip


COLUMNS = [
    Column(name="time", field="at", show=lambda r: clock(r.at_ms), raw=lambda r: when(r.at_ms), keep=6),
    Column(name="state", field="status", show=lambda r: r.state, style=lambda r: style_of(r.state), keep=9),
    Column(name="type", show=lambda r: r.type, keep=8, most=24, least=12),
    Column(name="id", field="job_id", show=lambda r: r.id, keep=10, least=12),
    Column(name="queue", show=lambda r: r.queue, keep=4, most=20, least=12),
]


def listing(rows: Sequence[Happening]) -> Listing:
    return Listing(
        rows=rows, columns=COLUMNS, record=record, id=lambda row: row.id or row.queue,
        empty="nothing has happened",
    )  # fmt: skip


class Lines:
    """Events as they come, each line at once: colours at a terminal, fields for programs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows = replace(console)  # as a list is written, of which only the first row has a header

    def show(self, event: JobEvent, filter: EventFilter) -> None:
        for row in happened(event, filter):
            self._show(row)

    def _show(self, row: Happening) -> None:
        console = self._console
        match console.format:
            case "json" | "ndjson":
                console.json(record(row), lines=True)
            case "id":
                console.print(safe(row.id or row.queue), flush=True)
            case "plain" | "csv":
                self._fields(row)
            case _:
                console.print(self._line(row), flush=True)

    def _fields(self, row: Happening) -> None:
        write_listing(self._rows, listing([row]))
        self._rows.header = False
        self._console.out.flush()

    def _line(self, row: Happening) -> str:
        state, stamp = f"{safe(row.state):<10}", clock(row.at_ms)
        if wants_color(self._console.color, self._console.out):
            state = f"\x1b[{_CODES.get(style_of(row.state), '1')}m{state}\x1b[0m"
            stamp = f"\x1b[2m{stamp}\x1b[0m"
        return f"{stamp}  {state}  {safe(row.type or '-'):<16}  {safe(row.id or '-'):<36}  {safe(row.queue)}"


def clock(ms: int) -> str:
    """Of this machine's day, for people."""
    return f"{time.strftime('%H:%M:%S', time.localtime(ms / 1000))}.{ms % 1000:03d}"


def audit_listing(entries: Sequence[AuditEntry], now: int) -> Listing:
    return Listing(
        rows=entries, columns=_audit_columns(now), record=_audit_record, id=lambda entry: entry.id,
        empty="nobody has changed anything yet",
    )  # fmt: skip


def _audit_columns(now: int) -> list[Column]:
    return [
        Column(name="when", show=lambda e: ago(e.at_ms, now), raw=lambda e: when(e.at_ms), keep=8),
        Column(name="who", show=lambda e: e.actor, keep=9, most=40, least=14),
        Column(name="action", show=lambda e: e.action, keep=10),
        Column(name="target", show=lambda e: e.target, keep=7, most=60, least=16),
        Column(name="changed", show=lambda e: str(e.changed), raw=lambda e: e.changed, right=True, keep=6),
        Column(name="detail", show=lambda e: e.detail, keep=5, most=40, least=10, optional=True),
    ]


def _audit_record(entry: AuditEntry) -> dict[str, object]:
    return {
        "id": entry.id, "at": when(entry.at_ms), "actor": entry.actor, "action": entry.action,
        "target": entry.target, "changed": entry.changed, "detail": entry.detail or None,
    }  # fmt: skip
