"""A route whose errors are pages: who is to sign in is sent there, all others are told what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gopher_cli.build import is_embedded
from gopher_cli.model.errors import GopherError
from gopher_cli.web.dashboard.render import HEADERS, page, root_of
from gopher_cli.web.dashboard.views import flash
from gopher_cli.web.server.accept import prefers
from gopher_cli.web.server.problems import Problem, problem_of
from gopher_cli.web.services.services import services_of

_TITLES = {
    403: "Not allowed",
    404: "Nothing here",
    409: "Not now",
    421: "Wrong host name",
    429: "Too often",
    500: "That went wrong",
    503: "Redis is away",
}
_HINTS = {503: "This page tries again by itself. Nothing that was accepted is lost.", 404: ""}
_BUILT_IN = (
    "The built-in server does not answer. It comes back by itself, unless it was stopped: then start it with "
    "gopher embedded start. Nothing that was accepted is lost."
)
_log = logging.getLogger("gopher.web")
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """What a page needs beside an API route: no place in the document, and errors that people can read."""

    takes_forms = True  # their token is looked at where they are read: see guard.checked_form

    def __init__(self, *given: Any, **options: Any) -> None:
        options["include_in_schema"] = False
        super().__init__(*given, **options)

    def get_route_handler(self) -> _Handler:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except GopherError as error:
                return answer(request, error)
            except ClientDisconnect:
                raise  # nobody is there to read a page
            except Exception:
                _log.exception("an error in %s", request.url.path)
                return answer(request, Problem(500, "An error inside of gopher; see the log of the server."))

        return guarded


def answer(request: Request, error: GopherError | HTTPException) -> Response:
    """The page for an error."""
    problem = _problem(error)
    if problem.status == 401:
        return sign_in_first(request)
    hint = _HINTS.get(problem.status, problem.hint)
    if problem.status == 503 and is_embedded(services_of(request).settings):
        hint = _BUILT_IN
    title = _TITLES.get(problem.status, "That did not work")
    answered = page(
        request, "error.html", status=problem.status, title=title, detail=problem.detail, hint=hint,
        retry=problem.status in (429, 503, 504), code=problem.status,
    )  # fmt: skip
    answered.headers.update(problem.headers)
    return answered


def _problem(error: GopherError | HTTPException) -> Problem:
    match error:
        case Problem():
            return error
        case GopherError():
            return problem_of(error)
        case HTTPException():
            details = {404: "There is nothing at this address.", 405: "This address does not know that."}
            return Problem(
                error.status_code, details.get(error.status_code, str(error.detail)), headers=error.headers
            )


def sign_in_first(request: Request) -> Response:
    """Off to the page where one signs in, and back here afterwards (where looking is all it was)."""
    if request.headers.get("sec-fetch-site") == "cross-site" and request.method == "GET":
        # Who follows a link from elsewhere comes without the cookie, which is strict; from here, with it.
        return page(request, "arrive.html")
    path = request.url.path.removeprefix(root_of(request))
    query = f"?{request.url.query}" if request.url.query else ""
    to = f"{path}{query}" if request.method == "GET" else "/"
    return redirect(request, f"/login?next={quote(to, safe='')}")


def redirect(request: Request, path: str, *, message: str = "", kind: str = "done") -> Response:
    """303 to a page of ours. ``path`` begins with a slash and is below the root."""
    answered = Response(status_code=303, headers=HEADERS | {"Location": root_of(request) + path})
    if message:
        flash.tell(answered, request, message, kind=kind)
    return answered


def wants_page(request: Request) -> bool:
    """A browser that looks at an address, rather than a program that asks the API."""
    path = request.url.path.removeprefix(root_of(request))
    return prefers(request.headers, ["text/html"], "application/json") and not path.startswith("/api/")
