"""Counts and times over HTTP: the flat totals first, then all that `gopher stats` shows."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import READ
from gopher_cli.web.api.support.openapi import answers
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.views import answered
from gopher_cli.web.server.parameters import Given, Parameters
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of

routes = Routes("/api/v1", "stats")
_QUERY = Parameters("queue")


@routes(
    "GET /stats", READ, "Count everything", takes=_QUERY,
    answers=answers("Stats", "counts and times", s404="no such queue", s422="a wrong parameter"),
)  # fmt: skip
async def get_stats(request: Request) -> Response:
    """`backlog` and `oldest_age_seconds` are flat, for autoscalers."""
    queues = Given(request).words("queue")
    return answered(await soon(gopher_of(request).stats(queues)))
