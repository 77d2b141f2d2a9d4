"""Signing in with a key, and out again: what a session begins and ends with."""

from __future__ import annotations

import time

from starlette.requests import Request

from gopher_cli.model.access.scopes import Caller
from gopher_cli.web.auth.authenticate import Authenticator
from gopher_cli.web.auth.same_origin import foreign_page
from gopher_cli.web.auth.sessions import LASTS, proved, sealed, set_cookie


async def sign_in(authenticator: Authenticator, request: Request, key: str) -> tuple[Caller, str]:
    """Who this is, and the value of the Set-Cookie header that lets them in from now on.

    Raises Problem 401 for a key that opens nothing, 429 after too many of those, 403 for a page that is not
    ours: its forms would be refused, too.
    """
    if problem := foreign_page(request, authenticator.addresses):
        raise problem
    caller = await authenticator.owner_of(key, request)
    key_id, digest = authenticator.lock_of(caller)
    seal = await authenticator.key_cache.seal(make=True)
    cookie = sealed(seal, key_id, digest, int(time.time()) + LASTS)
    request.state.session = proved(seal, cookie, digest)
    return caller, _cookie_header(authenticator, request, seal, cookie, LASTS)


async def sign_out(authenticator: Authenticator, request: Request) -> str:
    """End the session of this request: also a copy of its cookie opens nothing any more, on any server.

    Returns the value of the Set-Cookie header that takes the cookie away. Raises Unavailable: then the
    session still lives.
    """
    if session := getattr(request.state, "session", None):
        await authenticator.key_cache.sign_out(session)
    return _cookie_header(authenticator, request, await authenticator.key_cache.seal(), "", 0)


def _cookie_header(authenticator: Authenticator, request: Request, seal: str, value: str, lasts: int) -> str:
    secure = authenticator.addresses.is_secure(request)
    return set_cookie(request, seal, value, lasts, secure=secure)
