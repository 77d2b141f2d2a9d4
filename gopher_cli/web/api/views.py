"""What the API answers: a submitted job, a whole job. Times are RFC 3339."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.duration import rfc3339
from gopher_cli.model.stats import AttemptRecord, JobDetail


class Submitted(msgspec.Struct, kw_only=True):
    """The job as it was accepted."""

    job_id: str
    status: str
    created_at: str
    type: str
    queue: str
    links: dict[str, str]


class JobView(msgspec.Struct, kw_only=True):
    """Everything about a job that its submitter may want to know."""

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
    history: list[AttemptRecord]
    log: list[str]
    why_not_running: str | None
    links: dict[str, str]


def job_view(job: JobDetail) -> JobView:
    failed = job.history and job.state in ("failed", "retrying")
    return JobView(
        job_id=job.id, type=job.type, queue=job.queue, status=job.state, priority=job.priority,
        payload=job.payload, attempts=job.attempts, max_retries=job.max_retries, losses=job.losses,
        created_at=moment(job.created), enqueued_at=moment(job.ready_at or job.created),
        execute_at=moment(job.due), started_at=moment(job.started),
        completed_at=moment(job.finished), error=job.history[-1].error if failed else None,
        result=job.result, progress=job.progress, tags=job.tags, headers=job.headers,
        history=job.history, log=job.log, why_not_running=job.why_not_running or None,
        links=links_of(job.id),
    )  # fmt: skip


def links_of(id: str) -> dict[str, str]:
    return {"self": f"/api/v1/jobs/{id}"}


def moment(ms: int) -> str | None:
    return rfc3339(ms) if ms else None
