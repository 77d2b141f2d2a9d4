"""Templates become answers: every page leaves through `page`, under one strict policy."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import ADMIN, OPERATE, SUBMIT, Caller
from gopher_cli.model.job.job import JobState
from gopher_cli.version import __version__
from gopher_cli.web.auth.sessions import csrf_token
from gopher_cli.web.dashboard import assets
from gopher_cli.web.dashboard.views import flash, template_filters
from gopher_cli.web.server.compression import Compression
from gopher_cli.web.services.services import services_of

# Nothing inline, nothing from elsewhere: what a job says can never become code.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: then a browser would send our own forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Encoding, Cookie",
}
# Whoever has not come in yet.
NOBODY = Caller(name="", scopes=frozenset(), via="")


@cache
def templates() -> Environment:
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    template_filters.install(env)
    return env


def page(request: Request, template: str, *, status: int = 200, **told: Any) -> Response:
    """The page as HTML. A message that waits for this visitor is shown, once."""
    message = flash.waiting(request)
    context = about(request) | {"message": message} | told
    body = templates().get_template(template).render(context).encode("utf-8", "backslashreplace")
    # The token in it cannot be guessed by lengths: foreign pages cannot make a browser send the cookie.
    answer = Compression(body, status, HEADERS, media_type="text/html")
    if message:
        flash.forget(answer, request)
    return answer


def about(request: Request) -> dict[str, Any]:
    """What every template may ask for."""
    caller: Caller = getattr(request.state, "caller", NOBODY)
    settings = services_of(request).settings
    root = root_of(request)
    return {
        "root": root,
        "asset": f"{root}/static/{assets.version()}",
        "here": request.url.path.removeprefix(root) or "/",
        "query": request.url.query,
        "caller": caller,
        "may_operate": caller.may(OPERATE),
        "may_submit": caller.may(SUBMIT),
        "may_admin": caller.may(ADMIN),
        "token": csrf_token(request),
        "gopher_version": __version__,
        "environment": settings.app_env,
        "namespace": settings.namespace,
        "all_states": [str(state) for state in JobState],
        "link": link,
        # By whose clock the page tells times; a page that shows jobs says what Redis's was.
        "now": time.time_ns() // 1_000_000,
    }


def root_of(request: Request) -> str:
    """The prefix under which a proxy shows this server."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def link(path: str, **query: Any) -> str:
    """A path with its query, without what is empty."""
    given = {name: value for name, value in query.items() if value not in ("", None, (), [])}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path
