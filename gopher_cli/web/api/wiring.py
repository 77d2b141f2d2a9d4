"""The routes of readers and operators, each behind the scope that it needs."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from gopher_cli.model.access import OPERATE, READ
from gopher_cli.web.access.door import needs
from gopher_cli.web.api import actions, deeds, fleet, listing, queues, rescheduling


def install(app: FastAPI) -> None:
    """Who may look, and who may change something."""
    for router in (listing.router, fleet.router, queues.reading):
        app.include_router(router, dependencies=[Depends(needs(READ))])
    for router in (deeds.router, queues.router, fleet.operating, actions.router, rescheduling.router):
        app.include_router(router, dependencies=[Depends(needs(OPERATE))])
