"""What a dry run, or a question, says before an action on many jobs: how many, by queue and state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from gopher_cli.cli.render.progress import Progress
from gopher_cli.cli.render.styles import number, plural, style_of
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import Column, Listing

if TYPE_CHECKING:
    from gopher_cli.model.select.filter import Filter

Counts = Mapping[tuple[str, str], int]


class Part(NamedTuple):
    """So many jobs of one queue and state."""

    queue: str
    state: str
    jobs: int


def count_jobs(console: Console, filter: Filter) -> dict[tuple[str, str], int]:
    """How many jobs are meant, by (queue, state); a person who waits long sees how far it is."""
    progress = Progress(console)
    try:
        return console.call(lambda gopher: gopher.count(filter, tell=lambda looked: progress.show(looked, 0)))
    finally:
        progress.clear()


def say_counts(console: Console, counts: Counts, limit: int, would: str) -> int:
    """What a dry run found: each part whole, and how many of all of them a limit would take."""
    parts = [Part(queue, state, jobs) for (queue, state), jobs in sorted(counts.items())]
    if console.format in ("json", "ndjson"):
        jobs, of = _taken(counts, limit)
        by = [part._asdict() for part in parts]
        record = {"dry_run": True, "jobs": jobs, "of": of, "by": by}
        console.json(record, lines=console.format == "ndjson")
    elif not console.quiet:
        if parts:
            console.rows(
                Listing(rows=parts, columns=COLUMNS, record=Part._asdict, id=lambda part: part.queue)
            )
        console.note(f"{some_of(counts, limit)} {would}")
    return 0


def some_of(counts: Counts, limit: int) -> str:
    """``24 jobs``, or where the limit takes only some of them ``3 of 24 jobs``."""
    jobs, of = _taken(counts, limit)
    return plural(of, "job") if jobs == of else f"{number(jobs)} of {plural(of, 'job')}"


def _taken(counts: Counts, limit: int) -> tuple[int, int]:
    of = sum(counts.values())
    return min(limit or of, of), of


COLUMNS = (
    Column(name="queue", show=lambda part: part.queue),
    Column(name="state", show=lambda part: part.state, style=lambda part: style_of(part.state)),
    Column(name="jobs", show=lambda part: number(part.jobs), raw=lambda part: part.jobs, right=True),
)
