"""The services of one running server, in one typed value that every route reaches."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.web.auth.authenticate import Authenticator
from gopher_cli.web.metrics.exposition import Exposition
from gopher_cli.web.server.lifecycle import Lifecycle
from gopher_cli.web.server.request_log import RequestLog
from gopher_cli.web.server.traffic import Traffic
from gopher_cli.web.services.event_feed import EventFeed
from gopher_cli.web.services.group_commit import GroupCommit
from gopher_cli.web.services.readiness import Lateness, Readiness
from gopher_cli.web.services.type_schemas import TypeSchemas


@dataclass(frozen=True, slots=True)
class Services:
    """They begin with the server and end with it; `app.state.services` holds them in between."""

    settings: Settings
    gopher: Gopher
    lifecycle: Lifecycle
    authenticator: Authenticator
    group_commit: GroupCommit
    type_schemas: TypeSchemas
    event_feed: EventFeed
    readiness: Readiness
    lateness: Lateness
    traffic: Traffic
    request_log: RequestLog
    exposition: Exposition


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def gopher_of(request: Request) -> Gopher:
    return services_of(request).gopher
