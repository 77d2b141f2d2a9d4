"""Puts the dashboard into an application: its pages, its files, and error pages for people."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import cast

from fastapi import Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gopher_cli.model.access.scopes import ADMIN, READ
from gopher_cli.model.errors import GopherError
from gopher_cli.web.authorize import caller_of, needs
from gopher_cli.web.dashboard import assets
from gopher_cli.web.dashboard.page_route import answer, wants_page
from gopher_cli.web.dashboard.pages import (
    audit,
    backfill,
    bulk,
    dlq,
    job,
    jobs,
    keys,
    login,
    overview,
    queues,
    reschedule,
    schedule_form,
    scheduled,
    schedules,
    submit,
    workers,
)
from gopher_cli.web.server.allowed_methods import note_allowed
from gopher_cli.web.server.problems import Problem

_TO_LOOK_AT = (overview, queues, jobs, job, dlq, scheduled, schedules, workers)
_WITH_RULES_OF_THEIR_OWN = (login, submit, bulk, keys, reschedule, schedule_form, backfill)


def refusal(scope: Scope, problem: Problem) -> Response:
    """What is refused before any route is found: as a page for who looks at pages."""
    request = Request(scope)
    return answer(request, problem) if wants_page(request) else problem.answer(scope["path"])


def install(app: FastAPI) -> None:
    """After the errors of the API: what it does not know, a browser gets as a page."""
    app.include_router(assets.router)
    for module in _TO_LOOK_AT:
        app.include_router(module.router, dependencies=[Depends(needs(READ))])
    app.include_router(audit.router, dependencies=[Depends(needs(ADMIN))])
    for module in _WITH_RULES_OF_THEIR_OWN:
        app.include_router(module.router)
    handler = app.exception_handlers[HTTPException]

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if wants_page(request):
            note_allowed(request.scope, error)
            with suppress(GopherError):  # it decides only what else the page offers
                await caller_of(request)
            return answer(request, error)
        return await cast(Awaitable[Response], handler(request, error))

    app.add_exception_handler(HTTPException, http)
