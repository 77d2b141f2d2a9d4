"""What the API answers of jobs: a submitted one, a whole one, one of a list. Times are RFC 3339."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from gopher_cli.model.text.timestamp import json_of
from gopher_cli.model.views.job_view import JobDetail, JobRow
from gopher_cli.web.server.compression import Compression
from gopher_cli.web.server.links import links_of

FRESH = {"Cache-Control": "no-store"}


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


class JobView(JobDetail, frozen=True, kw_only=True):
    __doc__ = JobDetail.__doc__

    links: dict[str, str]


class JobLine(JobRow, frozen=True, kw_only=True):
    __doc__ = JobRow.__doc__

    links: dict[str, str]


def job_view(job: JobDetail) -> JobView:
    return JobView(**msgspec.structs.asdict(job), links=links_of(job.id))


def job_line(row: JobRow) -> JobLine:
    return JobLine(**msgspec.structs.asdict(row), links=links_of(row.id))


def answered(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A value as JSON that nobody keeps."""
    return Compression(json_of(value), status, FRESH | (headers or {}), media_type="application/json")
