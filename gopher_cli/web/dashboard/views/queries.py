"""What several pages read: a job by its id, and the beginnings of payloads for a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import NotFound
from gopher_cli.model.job.ids import VALID_ID
from gopher_cli.model.job.job import Spec
from gopher_cli.model.numbers.series import History
from gopher_cli.model.text.duration import parse_when
from gopher_cli.model.text.safe import safe
from gopher_cli.model.views.job_view import JobDetail, JobRow
from gopher_cli.model.views.stats import Stats, WorkerInfo
from gopher_cli.web.dashboard.views.overview_charts import RANGES, is_young

_PREVIEW = 120


def now_in(stats: Stats) -> int:
    """The time of Redis when these were counted, in the same unit."""
    return round(parse_when(stats.at) * 1000)


class Line(msgspec.Struct, frozen=True):
    """A row of a table of jobs: the job, and how its payload begins."""

    row: JobRow
    payload: str
    tags: tuple[str, ...] = ()


async def lines_of(gopher: Gopher, rows: Sequence[JobRow]) -> list[Line]:
    """The rows with their payloads: one read for each queue among them."""
    specs = await gopher.specs((row.queue, row.id) for row in rows)
    return [_line(row, specs[row.queue, row.id]) for row in rows]


def _line(row: JobRow, spec: Spec | None) -> Line:
    if spec is None:
        return Line(row, "")
    text = bytes(spec.payload)[: _PREVIEW * 4].decode("utf-8", "replace")
    begins = text if len(text) <= _PREVIEW else f"{text[:_PREVIEW]}…"
    return Line(row, safe(begins), spec.options.tags)


async def job_at(gopher: Gopher, id: str, queue: str = "") -> JobDetail:
    """The job of this whole id. Raises NotFound, or Ambiguous where several queues have one."""
    try:
        if VALID_ID.fullmatch(id):
            return await gopher.inspect(await gopher.queue_of(id, queue), id)
    except NotFound:
        pass
    raise _no_job(id)


def _no_job(id: str) -> NotFound:
    return NotFound(f"There is no job {id[:80]!r}.", "It may have been kept long enough, or deleted.")


async def payload_at(gopher: Gopher, id: str, queue: str = "") -> bytes:
    """What was submitted, byte for byte. Raises as `job_at`, and NotFound where nobody can read it."""
    if not VALID_ID.fullmatch(id):
        raise _no_job(id)
    (spec,) = (await gopher.specs([(await gopher.queue_of(id, queue), id)])).values()
    if spec is None:
        raise NotFound("What is stored of this job cannot be read.", "Look at it with: gopher doctor")
    return bytes(spec.payload)


def served(workers: Sequence[WorkerInfo]) -> set[str]:
    """The queues that a living worker serves."""
    return {queue for worker in workers if worker.alive for queue in worker.queues}


async def worker_names(gopher: Gopher) -> dict[str, str]:
    """What people call the workers that are known, by id."""
    return {worker.id: worker.label for worker in await gopher.workers()}


async def recent(gopher: Gopher, queues: Sequence[str], name_wanted: str = "") -> tuple[str, History]:
    """The range of this name and its history; else those of an hour, or of 15 minutes where that is all."""
    name = name_wanted if name_wanted in RANGES else "1h"
    history = await gopher.history(RANGES[name], queues=queues)
    if name_wanted not in RANGES and is_young(history):
        name = "15m"
        history = await gopher.history(RANGES[name], queues=queues)
    return name, history


async def types_of(gopher: Gopher) -> dict[str, Any]:
    """What workers have published; nothing where one of them has published what is not valid JSON."""
    try:
        return dict(await gopher.types())
    except msgspec.DecodeError:
        return {}
