"""Authorizing a request: who sends it, and whether they may do what its route does."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request

from gopher_cli.actor import ACTOR
from gopher_cli.model.access.scopes import METRICS, Caller
from gopher_cli.model.errors import GopherError
from gopher_cli.model.text.safe import safe
from gopher_cli.web.auth.same_origin import SAFE_METHODS, foreign_page, has_key
from gopher_cli.web.auth.sessions import Session
from gopher_cli.web.server.problems import OTHER_KEY, Problem, soon
from gopher_cli.web.services.services import services_of

_SCRAPER = Caller(name="anybody", scopes=frozenset({METRICS}), via="open")


async def caller_of(request: Request) -> Caller:
    """Who sends this request; found out once. Raises Problem 401 or 429, Unavailable."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        authenticator = services_of(request).authenticator
        caller = request.state.caller = await authenticator.let_in(request)
    return caller


def needs(scope: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency of routes: raises Problem 401 or 403, and leaves the caller in `request.state`.

    Whoever comes with a session and wants to change something has to send X-CSRF-Token too. A route
    that `takes_forms` calls `check_csrf` with a field of its form instead.
    """

    async def enter(request: Request) -> None:
        authenticator = services_of(request).authenticator
        if scope == METRICS and authenticator.metrics_open and not has_key(request.headers):
            request.state.caller = _SCRAPER
            return
        caller = await caller_of(request)
        if not caller.may(scope):
            raise Problem(403, f"this key lacks the scope {scope}", hint=OTHER_KEY, scope=scope)
        takes_forms = getattr(request.scope.get("route"), "takes_forms", False)
        if caller.via == "session" and not takes_forms and request.method not in SAFE_METHODS:
            check_csrf(request, request.headers.get("x-csrf-token", ""))
        ACTOR.set(actor_of(caller, authenticator.addresses.of(request)))

    return enter


async def still_may(request: Request, scope: str) -> bool:
    """Whether who has sent this, and is still being answered, may go on hearing."""
    try:
        caller: Caller = await soon(services_of(request).authenticator.sender_of(request))
        return caller.may(scope)
    except Problem as problem:
        return problem.status != 401
    except GopherError:  # who cannot be asked has not said no
        return True


def actor_of(caller: Caller, address: str) -> str:
    """Who did it, as the audit says it."""
    name = f"key {caller.name} ({caller.key_id})" if caller.key_id else caller.name
    match caller.via:
        case "session":
            name = f"session of {name}"
        case "token":
            name = f"token of {safe(caller.name)}"
        case "open":
            name = f"{name}@{address}"
    return name


def check_csrf(request: Request, token: str) -> None:
    """Raises Problem 403 for a request that changes something and that no page of ours has made."""
    session: Session | None = getattr(request.state, "session", None)
    if session is None:
        return  # with a key nobody else could have sent it; with nothing at all, see SameOrigin
    if problem := foreign_page(request, services_of(request).authenticator.addresses, sure=True):
        raise problem
    if not hmac.compare_digest(token.encode("utf-8", "surrogatepass"), session.csrf.encode()):
        raise Problem(
            403,
            "this form is not one of this session",
            hint="load the page again; an API call sends X-CSRF-Token",
        )
