"""The portrait of a job that `gopher inspect` draws at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gopher_cli.cli.render.follow import progress_words
from gopher_cli.cli.render.styles import ago, log_line, size, span, style_of
from gopher_cli.model.job.fields import as_text
from gopher_cli.model.text.safe import safe
from gopher_cli.model.views.job_view import JobDetail, asked_in
from gopher_cli.model.views.timeline import story_of

NOBODY: Mapping[str, str] = {}
_LOG_LINES = 20
_MOST_TEXT = 4000


def portrait(job: JobDetail, room: int, workers: Mapping[str, str] = NOBODY) -> Group:
    """The head and why it waits, then what was asked for, what happened, and what came of it.

    ``workers`` names those that are known: host:pid by id.
    """
    room = min(room, 120)
    parts: list[Any] = [_head(job)]
    if job.why_not_running:
        parts.append(Text(f"  why not running: {safe(job.why_not_running)}", style="yellow"))
    if job.unreadable:
        parts.append(Text("  its record cannot be read; the raw bytes are below", style="red"))
    parts += [Text(), _facts(job, workers)]
    parts += _section("Payload", _json(job.payload, job.exact_payload))
    parts += _section("Timeline", _timeline(job))
    for event in job.history:
        if event.traceback:
            parts += _section(
                f"Traceback of attempt {event.attempt}", Text(_short(event.traceback), style="dim")
            )
    if job.result is not None:
        parts += _section("Result", _json(job.result, job.exact_result))
    if job.log:
        parts += _section("Log", _log(job.log))
    if job.unreadable:
        parts += _section("Raw record", Text(_short(job.unreadable)))
    return Group(*parts)


def _section(title: str, body: Any) -> list[Any]:
    return [Text(), Text(title, style="bold"), Padding(body, (0, 0, 0, 2))]


def _head(job: JobDetail) -> Text:
    return Text.assemble(
        ("● ", style_of(job.state)), (safe(job.type), "bold"), "  ", safe(job.id), "  ",
        (job.state, style_of(job.state)), ("  cancelling" if job.cancel_asked else "", "yellow"),
    )  # fmt: skip


def _facts(job: JobDetail, workers: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(job, workers):
        table.add_row(Text(f"  {name}"), Text(value))
    return table


def _rows(job: JobDetail, workers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Only what is so: an empty field tells a reader nothing."""
    yield "queue", safe(job.queue)
    yield "priority", str(job.priority)
    losses = f", lost {times(job.losses)} with its worker" if job.losses else ""
    yield "attempts", f"{job.attempts} of {job.max_retries + 1}{_by(job, 'max_retries')}{losses}"
    yield "timeout", f"{span(job.timeout)}{_by(job, 'timeout')}"
    if job.backoff:
        yield "backoff", f"{safe(job.backoff)}{_by(job, 'backoff')}"
    for name, ms in (("due", job.due), ("lease until", job.lease_until), ("kept until", job.kept_until)):
        if ms:
            yield name, moment(ms, job.now)
    worker = job.worker or ""
    if job.schedule:
        instant = f"for {moment(job.instant, job.now)}" if job.instant else "by hand"
        yield "schedule", f"{safe(job.schedule)}, {instant}"
    for name, text in (
        *((field.title, as_text(field, value)) for field, value in asked_in(job)),
        ("after", ", ".join(job.after)), ("parent", job.parent),
        ("worker", workers.get(worker.partition(".")[0], worker)),
    ):  # fmt: skip
        if text:
            yield name, safe(text)
    if job.progress and job.state != "completed":  # completed is all of it
        yield "progress", progress_words(job.progress)
    yield "stored", size(job.spec_bytes)


def _by(job: JobDetail, term: str) -> str:
    """Whose word it is."""
    return f" (by {source})" if (source := job.sources.get(term)) else ""


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def moment(ms: int, now: int) -> str:
    """Local time, and how long ago or hence."""
    local = datetime.fromtimestamp(ms / 1000).astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S} ({ago(ms, now)})"


def _json(value: Any, exact: Any) -> Text:
    """A text as it is, anything else as JSON."""
    import msgspec

    text = value if isinstance(value, str) else msgspec.json.format(bytes(exact), indent=2).decode()
    return Text(_short(text))


def _short(text: str) -> str:
    cut = safe(text[:_MOST_TEXT], lines=True)
    return cut if len(text) <= _MOST_TEXT else f"{cut}\n... {size(len(text))} in all; see them with -o json"


def _timeline(job: JobDetail) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for moment in story_of(job):
        what = Text(safe(moment.what), style=style_of(moment.tone) if moment.tone else "")
        table.add_row(Text(clock(moment.at, job.created)), what, Text(safe(moment.about)))
    return table


def clock(ms: int, first: int) -> str:
    """The time of day; the date too, where the story began on another day."""
    local, began = (datetime.fromtimestamp(at / 1000).astimezone() for at in (ms, first))
    date = "" if local.date() == began.date() and ms != first else f"{local:%Y-%m-%d} "
    return f"{date}{local:%H:%M:%S}.{ms % 1000:03d}".rjust(23)


def _log(lines: list[str]) -> Text:
    shown = lines[-_LOG_LINES:]
    text = Text(f"... {len(lines) - len(shown)} lines before\n" if len(lines) > len(shown) else "")
    for number, line in enumerate(shown):
        at, words = log_line(line)
        text.append("\n" if number else "")
        text.append(f"{datetime.fromtimestamp(at / 1000).astimezone():%H:%M:%S}  " if at else "", style="dim")
        text.append(safe(words[:2000]))
    return text
