"""Puts the door into an application: who is asked for a key, and whose pages may call it."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from gopher_cli.config import Settings
from gopher_cli.web.access.door import Door
from gopher_cli.web.access.origins import OwnNames, SameOrigin

_MAY_BE_SENT = (
    "authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "last-event-id",
    "prefer", "x-api-key", "x-request-id",
)  # fmt: skip
_MAY_BE_READ = (
    "etag", "idempotency-replayed", "link", "location", "preference-applied", "ratelimit", "ratelimit-policy",
    "retry-after", "www-authenticate", "x-request-id",
)  # fmt: skip


def install(app: FastAPI, settings: Settings, *, exposed: bool) -> None:
    """After what works on a request: whoever is refused here is not looked at any further."""
    door = app.state.door = Door(settings, exposed=exposed)
    app.add_middleware(SameOrigin, friends=_friends(settings))
    is_open = settings.auth in ("open", "open-to-everyone")  # with a key in the settings or without
    if not exposed and (is_open or not settings.api_key):
        app.add_middleware(OwnNames, host=settings.server_host, asks=door.surely_asks)


def let_friends_ask(app: FastAPI, settings: Settings) -> None:
    """After all other middleware: a page that may call us reads every answer, also that of a refusal."""
    if friends := _friends(settings):
        # Without credentials: a key is sent by whoever has it, and a cookie is for our own pages.
        app.add_middleware(
            CORSMiddleware, allow_origins=friends, allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=_MAY_BE_SENT, expose_headers=_MAY_BE_READ, max_age=600,
        )  # fmt: skip


def _friends(settings: Settings) -> list[str]:
    return [origin for origin in settings.server_cors_origins.split(",") if origin]
