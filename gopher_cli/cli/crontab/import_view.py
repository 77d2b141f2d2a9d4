"""What an import tells: a row for each entry, and what workers need to run it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gopher_cli.cli.crontab.crontab_jobs import Recurring, exec_table
from gopher_cli.cli.render.styles import ago, when
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import Column, Listing
from gopher_cli.model.schedule.recurrence import make_recurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry, what becomes of it, in words when that is, and its next time and now (epoch ms)."""

    job: Recurring
    queue: str
    change: str
    words: str
    next: int
    now: int


def tell_of(
    console: Console, jobs: Sequence[Recurring], changes: Sequence[str], queue: str, now: float, *, done: bool
) -> None:
    """``changes`` says of each what was done, or would be."""
    rows = [_row(job, queue, change, now, done) for job, change in zip(jobs, changes, strict=True)]
    console.rows(
        Listing(rows=rows, columns=COLUMNS, extra=EXTRA, record=_record, id=lambda row: row.job.name,
                empty="there is nothing to take over")
    )  # fmt: skip
    if not rows or console.quiet:
        return
    if console.format == "table":
        console.print("\nWorkers run these commands with this in their gopher.toml:\n")
        for line in exec_table(jobs):
            console.print(line)
    elif console.format == "plain":
        console.note("for the workers: gopher schedule import CRONTAB --print-exec >> gopher.toml")


def _row(job: Recurring, queue: str, change: str, now: float, done: bool) -> Row:
    from gopher_cli.model.schedule.schedule_view import describe_when

    recurrence, key = make_recurrence(**job.options(), key="/"), f"{queue}/{job.name}"
    next = (recurrence.first_after(now, key) or 0) * 1000
    word = change if done or change == "unchanged" else f"would be {change}"
    words = describe_when(recurrence, key)
    return Row(job=job, queue=queue, change=word, words=words, next=next, now=round(now * 1000))


def _record(row: Row) -> dict[str, object]:
    entry = row.job.entry
    return {
        "line": entry.number, "name": row.job.name, "queue": row.queue, "outcome": row.change,
        "type": row.job.type,
        "cron": entry.cron, "tz": entry.zone, "description": row.words, "next_run": when(row.next),
        "command": entry.command, "input": entry.input or None, "user": entry.user or None,
        "exec": row.job.program,
    }  # fmt: skip


def _style(row: Row) -> str:
    return "dim" if row.change == "unchanged" else "green"


COLUMNS = (
    Column(name="line", show=lambda r: str(r.job.entry.number), raw=lambda r: r.job.entry.number, right=True,
           keep=18),
    Column(name="name", show=lambda r: r.job.name, keep=20, most=40, least=10, style=lambda r: "bold"),
    Column(name="outcome", show=lambda r: r.change, keep=16, style=_style),
    Column(name="when", show=lambda r: r.words, keep=15, most=48, least=22),
    Column(name="next", show=lambda r: ago(r.next, r.now), raw=lambda r: when(r.next), keep=12),
    Column(name="command", show=lambda r: r.job.entry.command, keep=8, most=60, least=12),
)  # fmt: skip
EXTRA = (
    Column(name="type", show=lambda r: r.job.type),
    Column(name="exec", show=lambda r: r.job.program),
)
