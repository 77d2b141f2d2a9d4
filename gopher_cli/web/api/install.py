"""The routes of programs, in the order in which they are looked at."""

from __future__ import annotations

from fastapi import FastAPI

from gopher_cli.web.api.routes import (
    batch_marks,
    bulk_actions,
    events,
    expects,
    job,
    job_actions,
    jobs,
    keys,
    metrics,
    queues,
    reschedule,
    stats,
    workers,
)
from gopher_cli.web.api.schedules import schedule_actions, schedules
from gopher_cli.web.api.submit import legacy, submit

# Those of submitters stand before what takes anything behind /jobs/ for an id.
_SUBMITS = (submit, batch_marks, legacy)
_SUBJECTS = (
    job, stats, events, keys, jobs, workers, queues, expects, schedules, bulk_actions, job_actions,
    reschedule, schedule_actions,
)  # fmt: skip


def install(app: FastAPI) -> None:
    app.include_router(metrics.router)
    for module in (*_SUBMITS, *_SUBJECTS):
        app.include_router(module.routes.router)
