"""The routes of submitters, readers and operators, each behind the scope that it needs."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from gopher_cli.model.access import OPERATE, READ
from gopher_cli.web.access.door import needs
from gopher_cli.web.api import (
    actions,
    deeds,
    expects,
    fleet,
    legacy,
    listing,
    marks,
    queues,
    rescheduling,
    schedule_deeds,
    schedules,
    submitting,
)


def install_submits(app: FastAPI) -> None:
    """Who may submit: each of these routes asks for the scope itself."""
    for one in (submitting, marks, legacy):
        app.include_router(one.router)


def install(app: FastAPI) -> None:
    """Who may look, and who may change something."""
    for router in (listing.router, fleet.router, queues.reading, expects.reading, schedules.router):
        app.include_router(router, dependencies=[Depends(needs(READ))])
    changing = (deeds, queues, expects, actions, rescheduling, schedule_deeds)
    for router in (fleet.operating, *(one.router for one in changing)):
        app.include_router(router, dependencies=[Depends(needs(OPERATE))])
    app.include_router(schedule_deeds.running)
