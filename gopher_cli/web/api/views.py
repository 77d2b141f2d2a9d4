"""What the API answers of jobs: a submitted one, a whole one, one of a list. Times are RFC 3339."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.duration import rfc3339
from gopher_cli.model.stats import AttemptRecord, JobDetail, JobRow
from gopher_cli.model.words import log_text, moment
from gopher_cli.web.links import links_of


class Submitted(msgspec.Struct, kw_only=True):
    """The job as it was accepted. With `status` gone it is one that was done before and is not kept any more:
    its unique key is taken until `held_until`.

    Of a job that recurs, `schedule` makes it at `next_run`; `status` is then scheduled, or paused or over:
    that one has no next run."""

    job_id: str
    status: str
    created_at: str | None
    type: str
    queue: str
    links: dict[str, str]
    held_until: str | msgspec.UnsetType = msgspec.UNSET
    schedule: str | msgspec.UnsetType = msgspec.UNSET
    next_run: str | msgspec.UnsetType | None = msgspec.UNSET


class AttemptView(msgspec.Struct, kw_only=True):
    """An attempt that did not complete, or another event of the job's history."""

    at: str | None
    attempt: int
    outcome: str
    error: str
    traceback: str
    worker: str
    seconds: float
    retry_at: str | None
    exit_code: int


class JobView(msgspec.Struct, kw_only=True):
    """Everything about a job that its submitter may want to know.

    `max_retries`, `timeout` and `backoff` are what counts; `sources` says whose word each of them is: submit,
    handler or settings. `schedule` is there where one has made it, and `instant` where it is for one.
    """

    job_id: str
    type: str
    queue: str
    status: str
    priority: int
    payload: Any
    attempts: int
    max_retries: int
    losses: int
    created_at: str | None
    enqueued_at: str | None
    execute_at: str | None
    started_at: str | None
    completed_at: str | None
    error: str | None
    result: Any
    progress: dict[str, Any] | None
    tags: list[str]
    headers: dict[str, str]
    history: list[AttemptView]
    log: list[str]
    why_not_running: str | None
    links: dict[str, str]
    timeout: float
    backoff: str
    unique_key: str | None
    after: list[str]
    parent: str | None
    worker: str | None
    lease_until: str | None
    kept_until: str | None
    cancel_asked: bool
    spec_bytes: int
    unreadable: str | None
    at: str
    sources: dict[str, str]
    schedule: str | msgspec.UnsetType = msgspec.UNSET
    instant: str | msgspec.UnsetType = msgspec.UNSET


class JobLine(msgspec.Struct, kw_only=True):
    """A job in a list. `since` is the time that its state turns on: for a scheduled job when it is due."""

    job_id: str
    type: str
    queue: str
    status: str
    priority: int
    attempts: int
    max_retries: int
    created_at: str | None
    since: str | None
    error: str | None
    links: dict[str, str]


def job_view(job: JobDetail) -> JobView:
    failed = job.history and job.state in ("failed", "retrying")
    return JobView(
        job_id=job.id, type=job.type, queue=job.queue, status=job.state, priority=job.priority,
        payload=job.exact_payload, attempts=job.attempts, max_retries=job.max_retries, losses=job.losses,
        created_at=moment(job.created), enqueued_at=moment(job.ready_at or job.created),
        execute_at=moment(job.due), started_at=moment(job.started),
        completed_at=moment(job.finished), error=job.history[-1].error if failed else None,
        result=job.exact_result, progress=job.progress, tags=job.tags, headers=job.headers,
        history=[attempt_view(one) for one in job.history],
        log=[log_text(line) for line in job.log], why_not_running=job.why_not_running or None,
        links=links_of(job.id), timeout=job.timeout, backoff=job.backoff, unique_key=job.unique_key or None,
        after=job.after, parent=job.parent or None, worker=job.worker or None,
        lease_until=moment(job.lease_until), kept_until=moment(job.kept_until),
        cancel_asked=job.cancel_asked, spec_bytes=job.spec_bytes, unreadable=job.unreadable or None,
        at=rfc3339(job.now), sources=job.sources,
        schedule=job.schedule or msgspec.UNSET, instant=moment(job.instant) or msgspec.UNSET,
    )  # fmt: skip


def attempt_view(one: AttemptRecord) -> AttemptView:
    return AttemptView(
        at=moment(one.at), attempt=one.attempt, outcome=one.outcome, error=one.error, traceback=one.traceback,
        worker=one.worker, seconds=one.seconds, retry_at=moment(one.retry_at), exit_code=one.exit_code,
    )  # fmt: skip


def job_line(row: JobRow) -> JobLine:
    return JobLine(
        job_id=row.id, type=row.type, queue=row.queue, status=row.state, priority=row.priority,
        attempts=row.attempts, max_retries=row.max_retries, created_at=moment(row.created),
        since=moment(row.at), error=row.error or None, links=links_of(row.id),
    )  # fmt: skip
