"""The story of a job as it can be told from its record: one moment after the other, for any door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gopher_cli.model.job.job import JobState
from gopher_cli.model.text.humanize import ago, took
from gopher_cli.model.views.job_view import AttemptView, JobDetail

_CLOCKS_DIFFER = 2000  # ms: what a worker wrote down, and what the server counts by


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` in epoch ms. ``tone`` is the state in whose colour it is painted; the creation has none."""

    at: int
    what: str
    about: str
    tone: JobState | None


def story_of(job: JobDetail) -> list[Moment]:
    """The oldest first. What is of the same moment stands in the order in which it came about."""
    return sorted(_moments(job), key=lambda moment: moment.at)


def _moments(job: JobDetail) -> Iterator[Moment]:
    yield Moment(job.created, "created", "", None)
    for event in job.history:
        yield Moment(event.at, event.outcome, _told(event, job), event.outcome.tone)
    if job.created < job.ready_at <= job.now:
        yield Moment(job.ready_at, "ready", "", JobState.ENQUEUED)
    if _handed_back(job):
        about = "a worker took it then; no attempt was spent"
        yield Moment(job.started, "handed back", about, JobState.ENQUEUED)
    if job.started and job.state in ("processing", "completed"):
        waited = max(0, job.started - job.ready_at) / 1000
        about = f"attempt {job.attempts}, after {took(waited)} in line"
        yield Moment(job.started, "started", about, JobState.PROCESSING)
    if job.finished and job.state in ("completed", "cancelled"):
        ran = (job.finished - job.started) / 1000 if job.started and job.state == "completed" else None
        about = f"after {took(ran)}" if ran is not None else ""
        yield Moment(job.finished, job.state, about, JobState(job.state))


def _handed_back(job: JobDetail) -> bool:
    """Taken by a worker that gave it back unharmed: of this the history keeps nothing."""
    waits = job.state in ("enqueued", "scheduled")
    return waits and bool(job.worker and job.started) and all(e.at < job.started for e in job.history)


def _is_awaited(event: AttemptView, job: JobDetail) -> bool:
    """Whether it is due when this said it would be: nobody has given it another time since."""
    return job.due > job.now and abs(event.retry_at - job.due) < _CLOCKS_DIFFER


def _told(event: AttemptView, job: JobDetail) -> str:
    parts = [f"attempt {event.attempt}" if event.attempt else ""]
    parts += [f"after {took(event.seconds)}" if event.seconds else ""]
    parts += [f"exit code {event.exit_code}" if event.exit_code else ""]
    parts += [f"again {ago(job.due, job.now)}" if _is_awaited(event, job) else ""]
    sentence = ", ".join(filter(None, parts))
    error = event.error.strip().splitlines()[0] if event.error.strip() else ""
    return f"{sentence}: {error}" if error and sentence else sentence or error
