"""What is refused before any route: other names of this machine, and the pages of others."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from gopher_cli.config import Settings
from gopher_cli.web.auth.authenticate import Authenticator
from gopher_cli.web.auth.same_origin import OwnNames, SameOrigin
from gopher_cli.web.server.middleware import Check

_MAY_BE_SENT = (
    "authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "last-event-id",
    "prefer", "x-api-key", "x-request-id",
)  # fmt: skip
_MAY_BE_READ = (
    "etag", "idempotency-replayed", "link", "location", "preference-applied", "ratelimit", "ratelimit-policy",
    "retry-after", "www-authenticate", "x-request-id",
)  # fmt: skip


def checks_of(authenticator: Authenticator, settings: Settings, *, exposed: bool) -> list[Check]:
    """What every request passes before it reaches the authenticator."""
    foreign = SameOrigin(authenticator.addresses, _friends(settings))
    is_open = settings.auth in ("open", "open-to-everyone")  # with a key in the settings or without
    if exposed or (settings.api_key and not is_open):
        return [foreign]
    return [OwnNames(settings.server_host, authenticator.surely_asks), foreign]


def heard_by_friends(app: ASGIApp, settings: Settings) -> ASGIApp:
    """A page that may call us reads every answer, also that of a refusal."""
    if not (friends := _friends(settings)):
        return app
    # Without credentials: a key is sent by whoever has it, and a cookie is for our own pages.
    return CORSMiddleware(
        app, allow_origins=friends, allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=_MAY_BE_SENT, expose_headers=_MAY_BE_READ, max_age=600,
    )  # fmt: skip


def _friends(settings: Settings) -> list[str]:
    return [origin for origin in settings.server_cors_origins.split(",") if origin]
