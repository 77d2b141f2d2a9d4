"""gopher schedule next: when one runs next, or what an expression means. Nothing is stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Annotated

import typer

from gopher_cli.cli.commands.schedule_set import recurrence, when_options
from gopher_cli.cli.input import schedule_options as s
from gopher_cli.cli.input.filters import check_said, whole
from gopher_cli.cli.render.schedule_times import moment_of, place_of, schedule_of
from gopher_cli.cli.render.styles import when
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.common_options import option
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import Column, Listing
from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.schedule.next_runs import NextRun, next_runs, next_runs_of
from gopher_cli.model.text.safe import safe

_MOST = 1000

Name = Annotated[
    str | None,
    typer.Argument(metavar="[SCHEDULE]", help="its name; or give --cron, --every", show_default=False),
]
Count = Annotated[str | None, option("--count", "-n", metavar="N", help="so many times (5)")]


@command
def show_next(
    console: Console,
    schedule: Name = None,
    cron: s.Cron = None,
    every: s.Every = None,
    tz: s.Zone = None,
    offset: s.Offset = None,
    start: s.From = None,
    until: s.Until = None,
    count: Count = None,
    queue: s.OfQueue = None,
) -> None:
    """Show when a schedule runs next, or what an expression means: local time, UTC, and what is unusual.

    gopher schedule next nightly --count 3
    gopher schedule next --cron '30 2 * * *' --tz Europe/Berlin --from 2026-03-28
    """
    flags = locals()
    check_said(queue=queue)
    most = whole("--count", count, 5, least=1)
    if most > _MOST:
        raise Usage(f"--count is {_MOST} at most, not {most}")
    runs = _of_schedule(console, flags) if schedule else _of_options(console, flags)
    rows = list(islice(runs, most))
    if console.format == "table":
        for run in rows:
            console.print(f"{run.local}  {_utc(run)[11:]}  {run.note}".rstrip())
        if not rows:
            console.note("nothing is due any more")
        return
    console.rows(
        Listing(rows=rows, columns=COLUMNS, record=_record, id=lambda run: run.job_id or _utc(run),
                empty="nothing is due any more")
    )  # fmt: skip


def _of_options(console: Console, flags: dict[str, str | None]) -> Iterator[NextRun]:
    """What these options would mean."""
    when = recurrence(when_options(console, flags))
    return next_runs(when, when.start - 1e-3 if when.start else time.time(), "/")


def _of_schedule(console: Console, flags: dict[str, str | None]) -> Iterator[NextRun]:
    """Those of one that is stored as it stands; with --from its times from then on, whatever it did then."""
    for name in ("cron", "every", "tz", "offset"):
        if flags[name] is not None:
            raise Usage(f"a name and --{name} do not go together", "give the name of a schedule, or options")
    name, queue = flags["schedule"] or "", flags["queue"] or ""
    row = console.call(lambda gopher: schedule_of(gopher, name, queue))
    if row.schedule is None:
        raise BadData(f"the schedule {row.name} cannot be read here: {row.problem}")
    if row.state == "paused":
        name = safe(row.name)
        console.note(f"{name} is paused: nothing runs before gopher schedule resume {name}")
    schedule, place = row.schedule, place_of(row.schedule.when)
    start, until = moment_of("--from", flags["start"], place), moment_of("--until", flags["until"], place)
    runs = next_runs_of(row, time.time())
    if start is not None:
        runs = next_runs(schedule.when, start - 1e-3, schedule.key, schedule.name)
    return takewhile(lambda run: until is None or run.instant <= until, runs)


def _utc(run: NextRun) -> str:
    return f"{datetime.fromtimestamp(run.instant, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _record(run: NextRun) -> dict[str, object]:
    """As in the HTTP API."""
    instant = when(run.instant * 1000)
    return {"instant": instant, "local": run.local, "note": run.note or None, "job_id": run.job_id or None}


COLUMNS = (
    Column(name="local", show=lambda run: run.local),
    Column(name="utc", show=_utc),
    Column(name="note", show=lambda run: run.note),
)
