"""gopher schedule next: when one runs next, or what an expression means. Nothing is stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, NamedTuple

import typer

from gopher_cli.cli import schedule_options as s
from gopher_cli.cli.choosing import check_said, whole
from gopher_cli.cli.command import command
from gopher_cli.cli.console import Console
from gopher_cli.cli.options import option
from gopher_cli.cli.schedule_set import recurrence, when_options
from gopher_cli.cli.schedule_words import moment_of, note_of, place_of
from gopher_cli.cli.tables import Column, Listing
from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.local_time import local_time
from gopher_cli.model.recurrence import Recurrence, compact

_MOST = 1000

Name = Annotated[
    str | None,
    typer.Argument(metavar="[SCHEDULE]", help="its name; or give --cron, --every", show_default=False),
]
Count = Annotated[str | None, option("--count", "-n", metavar="N", help="so many times (5)")]


class Run(NamedTuple):
    """One time to come: an instant (s), as clocks there show it, and what is unusual about it."""

    instant: int
    local: str
    note: str
    job_id: str

    @property
    def utc(self) -> str:
        return f"{datetime.fromtimestamp(self.instant, UTC):%Y-%m-%dT%H:%M:%SZ}"


@command
def next_runs(
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
            console.print(f"{run.local}  {run.utc[11:]}  {run.note}".rstrip())
        if not rows:
            console.note("nothing is due any more")
        return
    console.rows(Listing(rows=rows, columns=COLUMNS, record=_record, id=lambda run: run.job_id or run.utc,
                         empty="nothing is due any more"))  # fmt: skip


def _of_options(console: Console, flags: dict[str, str | None]) -> Iterator[Run]:
    """What these options would mean."""
    when = recurrence(when_options(console, flags))
    begin = when.start - 1e-3 if when.start else time.time()
    return _runs(when, "/", begin)


def _of_schedule(console: Console, flags: dict[str, str | None]) -> Iterator[Run]:
    """Those of one that is stored: its next tick is the first."""
    for name in ("cron", "every", "tz", "offset"):
        if flags[name] is not None:
            raise Usage(f"a name and --{name} do not go together", "give the name of a schedule, or options")
    name, queue = flags["schedule"] or "", flags["queue"] or ""
    row = console.call(lambda gopher: gopher.schedule_row(name, queue))
    if row.schedule is None:
        raise BadData(f"the schedule {row.name} cannot be read here: {row.problem}")
    schedule, place = row.schedule, place_of(row.schedule.when)
    if row.state == "paused":
        console.note(f"{row.name} is paused: nothing runs before gopher schedule resume {row.name}")
    start, until = moment_of("--from", flags["start"], place), moment_of("--until", flags["until"], place)
    begin = row.next / 1000 if row.next else time.time()
    begin = begin if start is None else max(begin, start) if row.next else start
    left = schedule.run_limit - row.standing.ran if schedule.run_limit else None
    runs = (
        iter(()) if row.state == "over" else _runs(schedule.when, schedule.key, begin - 1e-3, schedule.name)
    )
    within = (run for run in runs if until is None or run.instant <= until)
    return islice(within, None if left is None else max(0, left))


def _runs(when: Recurrence, key: str, begin: float, name: str = "") -> Iterator[Run]:
    """All times later than ``begin`` (epoch seconds). Raises BadSchedule for a zone unknown here."""
    place = place_of(when)
    while (instant := when.first_after(begin, key)) is not None:
        job_id = f"{name}:{compact(instant)}" if name else ""
        yield Run(instant, local_time(instant, place), note_of(when, key, instant), job_id)
        begin = instant


def _record(run: Run) -> dict[str, object]:
    return {"utc": run.utc, "local": run.local, "note": run.note or None, "job_id": run.job_id or None}


COLUMNS = (
    Column(name="local", show=lambda run: run.local),
    Column(name="utc", show=lambda run: run.utc),
    Column(name="note", show=lambda run: run.note),
)
