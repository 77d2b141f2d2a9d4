"""The dialects of submitters: other systems' spellings, state words and answers, as one table.

All of them may use every field and every spelling that any of them has. They differ in the words by which
they call a state, and in what their answers look like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gopher_cli.model.job.job import JobState
from gopher_cli.model.text.humanize import moment
from gopher_cli.web.api.support.views import JobView, Submitted
from gopher_cli.web.server.links import links_of, links_of_schedule

GONE = "gone"  # done, and not kept any more: only its unique key is
_OF_SCHEDULES = ("paused", "over")  # there is no next job
OURS = {word: word for word in (*map(str, JobState), GONE, *_OF_SCHEDULES)}
PLAIN_WORDS = OURS | {
    "enqueued": "Pending",
    "scheduled": "Pending",
    "blocked": "Pending",
    "processing": "InProcess",
    "retrying": "Retrying",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Failed",
    GONE: "Completed",
    "paused": "Pending",
    "over": "Completed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A job as it was accepted; ``at_ms`` is when, 0 where nobody knows. ``until_ms`` is how long the unique
    key of one that is gone is taken. Of one that recurs, ``schedule`` makes the next one at ``next_ms``."""

    id: str
    type: str
    queue: str
    state: str
    at_ms: int
    until_ms: int = 0
    schedule: str = ""
    next_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """``submitted`` and ``job`` make what is answered about a new job, and about one that is there."""

    name: str
    path: str  # where its jobs are
    words: Mapping[str, str]
    submitted: Callable[[Dialect, Accepted], Any]
    job: Callable[[Dialect, JobView], Any]


def _whole(_: Dialect, job: Accepted) -> Submitted:
    return Submitted(
        job_id=job.id, status=job.state, created_at=moment(job.at_ms), type=job.type, queue=job.queue,
        links=links_of(job.id) | _link(job), held_until=moment(job.until_ms) or msgspec.UNSET,
        schedule=job.schedule or msgspec.UNSET,
        next_run=moment(job.next_ms or 0) if job.schedule else msgspec.UNSET,
    )  # fmt: skip


def _link(job: Accepted) -> dict[str, str]:
    return {"schedule": links_of_schedule(job.queue, job.schedule)["self"]} if job.schedule else {}


def _view(_: Dialect, job: JobView) -> JobView:
    return job


def _short(dialect: Dialect, job: Accepted) -> dict[str, str]:
    return {"job_id": job.id, "status": dialect.words[job.state]}


def _short_view(dialect: Dialect, job: JobView) -> dict[str, Any]:
    return {"job_id": job.id, "status": dialect.words[job.state]}


def _plain_view(dialect: Dialect, job: JobView) -> dict[str, Any]:
    return {
        "id": job.id,
        "job_id": job.id,
        "type": job.type,
        "payload": job.exact_payload,
        "status": dialect.words[job.state],
        "retries": max(0, job.attempts - 1),
        "max_retries": job.max_retries,
        "created_at": job.created,
        "error": job.error,
    }


V1 = Dialect(name="v1", path="/api/v1/jobs/", words=OURS, submitted=_whole, job=_view)
CLASSIC = Dialect(name="classic", path="/api/v1/jobs/", words=OURS, submitted=_short, job=_short_view)
PLAIN = Dialect(name="plain", path="/job/", words=PLAIN_WORDS, submitted=_short, job=_plain_view)
DIALECTS = (V1, CLASSIC, PLAIN)
