"""The door: who is calling, and whether they may."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request

from gopher_cli.config import Settings
from gopher_cli.model.access import ANYBODY, ROLES, Caller
from gopher_cli.web.problems import Problem


async def caller_of(request: Request) -> Caller:
    """Who sends this request. Raises Problem 401."""
    settings: Settings = request.app.state.settings
    wanted, given = settings.api_key, request.headers.get("x-api-key", "")
    if not wanted:
        return ANYBODY
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        said = "this key is not known" if given else "an API key is needed"
        raise Problem(401, said, hint="send it as X-API-KEY", headers={"WWW-Authenticate": "ApiKey"})
    return Caller(name="API_KEY", scopes=ROLES["admin"], via="environment")


def needs(scope: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency of routes: raises Problem 401 or 403, and leaves the caller in `request.state`."""

    async def enter(request: Request) -> None:
        caller = await caller_of(request)
        if not caller.may(scope):
            raise Problem(403, f"this key lacks the scope {scope}")
        request.state.caller = caller

    return enter
