"""The life of a job as one bar: where it waited, where it ran, where it failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from gopher_cli.model.job.job import FINAL
from gopher_cli.model.text.humanize import took
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.web.dashboard.views.charts import shares

_LEAST = 0.012  # of the whole: that much of the bar a moment gets


@dataclass(frozen=True, slots=True)
class Segment:
    """``kind`` is a state, as the style sheet colours it. Epoch ms."""

    kind: str
    what: str
    start: int
    end: int

    @property
    def seconds(self) -> float:
        return max(0, self.end - self.start) / 1000


def stretches(job: JobDetail) -> list[Segment]:
    """The pieces of a job's life one after the other; what took no time is left out."""
    return [piece for piece in _pieces(job) if piece.end > piece.start]


def _pieces(job: JobDetail) -> Iterator[Segment]:
    # Of a job that was tried before, nobody knows any more whether it was due later at first.
    tried = any(event.attempt for event in job.history)
    at, waits = job.created, "scheduled" if job.ready_at > job.created and not tried else "enqueued"
    for event in sorted(job.history, key=lambda entry: entry.at):
        began = event.at - round(event.seconds * 1000)
        if not event.seconds or began < at:
            continue
        yield from _wait(job, waits, at, began)
        yield Segment(event.outcome.tone, f"attempt {event.attempt}", began, event.at)
        at, waits = event.at, "retrying"
    if job.started >= at and job.state in ("processing", "completed"):
        yield from _wait(job, waits, at, job.started)
        yield Segment(job.state, f"attempt {job.attempts}", job.started, job.finished or job.now)
    elif job.state not in FINAL:
        yield Segment(job.state, "waits", at, job.now)
    elif job.state == "cancelled":
        yield Segment("cancelled", "waited", at, job.finished)


def _wait(job: JobDetail, kind: str, start: int, end: int) -> Iterator[Segment]:
    """Time without an attempt: until it was due, and then in line."""
    ready = min(max(job.ready_at, start), end) if kind == "scheduled" else start
    if kind == "scheduled":
        yield Segment("scheduled", "scheduled", start, ready)
        kind, start = "enqueued", ready
    yield Segment(kind, "in line" if kind == "enqueued" else "until the next attempt", start, end)


def lifeline(job: JobDetail) -> dict[str, object]:
    """The bar and its legend, for the template."""
    pieces = stretches(job)
    whole = sum(piece.seconds for piece in pieces)
    least = whole * _LEAST
    widths = [(piece.kind, round(max(piece.seconds, least) * 1000)) for piece in pieces]
    return {
        "bar": shares(widths) if pieces else Markup(""),
        "pieces": [(piece.kind, piece.what, took(piece.seconds)) for piece in pieces],
        "whole": took(whole) if pieces else "",
    }
