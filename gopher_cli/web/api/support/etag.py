"""Following a job: its ETag, and an answer that is held until it has moved on or ended."""

from __future__ import annotations

import asyncio
import zlib

from starlette.requests import Request

from gopher_cli.model.job.job import FINAL
from gopher_cli.model.text.timestamp import json_of
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of, services_of

_LOOKS, _STEP = (0.02, 0.05, 0.1), 0.25  # seconds before each of the first looks; then four a second


async def awaited(request: Request, queue: str, id: str, seconds: float, *, etag: str = "") -> JobDetail:
    """The job when it has ended, or is another than ``etag`` says, or as it is after ``seconds``.

    Or as it is when this server ends.
    """
    request.state.patience = seconds  # the time to answer begins when the wait is over
    loop = asyncio.get_running_loop()
    until, looks = loop.time() + seconds, iter(_LOOKS)
    while True:
        job = await soon(gopher_of(request).inspect(queue, id))
        left = until - loop.time()
        changed = etag and etag != etag_of(job)
        over = left <= 0 or services_of(request).lifecycle.ending
        if job.state in FINAL or changed or over or await request.is_disconnected():
            return job
        await asyncio.sleep(min(next(looks, _STEP), left))


def etag_of(job: JobDetail) -> str:
    """Weak: another one means that the job has moved on, not that no byte differs."""
    state = (job.state, job.attempts, job.losses, job.ready_at, job.started, job.finished, job.due)
    more = (job.cancel_asked, job.progress, len(job.log), len(job.history))
    return f'W/"{job.state}-{job.attempts}-{zlib.crc32(json_of([state, more])):08x}"'


def matches(header: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match names this one; weak ones count as well."""
    named = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in named or etag.removeprefix("W/") in named
