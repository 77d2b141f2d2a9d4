"""The routes of submitters, readers and operators, each behind the scope that it needs."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from gopher_cli.model.access.scopes import OPERATE, READ
from gopher_cli.web.api.routes import (
    batch_marks,
    bulk_actions,
    expects,
    job_actions,
    jobs,
    queues,
    reschedule,
    workers,
)
from gopher_cli.web.api.schedules import schedule_actions, schedules
from gopher_cli.web.api.submit import legacy, submit
from gopher_cli.web.authorize import needs


def install_submits(app: FastAPI) -> None:
    """Who may submit: each of these routes asks for the scope itself."""
    for one in (submit, batch_marks, legacy):
        app.include_router(one.router)


def install(app: FastAPI) -> None:
    """Who may look, and who may change something."""
    for router in (jobs.router, workers.router, queues.reading, expects.reading, schedules.router):
        app.include_router(router, dependencies=[Depends(needs(READ))])
    changing = (bulk_actions, queues, expects, job_actions, reschedule, schedule_actions)
    for router in (workers.operating, *(one.router for one in changing)):
        app.include_router(router, dependencies=[Depends(needs(OPERATE))])
    app.include_router(schedule_actions.running)
