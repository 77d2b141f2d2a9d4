"""Routes of programs: a row says all of one, for the router, the checks before it and the document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.web.api.support.openapi import problems
from gopher_cli.web.authorize import needs
from gopher_cli.web.server.parameters import Parameters

Handler = Callable[..., Awaitable[Response]]
NOTHING = Parameters()
_WRONG_BODY = {
    "s400": "the body is not valid JSON", "s408": "the body did not arrive in time", "s413": "more than 1 MB",
    "s415": "not application/json", "s422": "a field or a parameter is not valid",
}  # fmt: skip


class Routes:
    """The routes of one subject: a decorator of their handlers, which are named by their operation."""

    def __init__(self, prefix: str, tag: str, **options: Any) -> None:
        self.router = APIRouter(prefix=prefix, **options)
        self._tag = tag

    def __call__(
        self, route: str, scope: str, summary: str, answers: dict[int | str, Any], *,
        takes: Parameters | None = NOTHING, headers: Sequence[Any] = (), body: Any = None,
        tag: str = "", name: str = "",
    ) -> Callable[[Handler], Handler]:  # fmt: skip
        """``route`` is the method and the path, ``scope`` what its caller needs.

        What a wrong parameter or body is answered follows from the row. Without ``scope``, and with None for
        ``takes``, the handler looks after that itself. ``headers`` are other parameters for the document,
        ``name`` is for a handler of several operations.
        """
        method, _, path = route.partition(" ")
        wrong = {"s422": "a parameter is not valid"} if takes else {}
        wrong |= _WRONG_BODY if body else {}
        wrong |= {"s403": "this key lacks the scope operate"} if takes and scope == OPERATE else {}
        described = [*(takes.described if takes else ()), *headers]
        extra = {"parameters": described} if described else {}

        def add(handler: Handler) -> Handler:
            @wraps(handler)
            async def checked(request: Request, **parts: str) -> Response:
                if takes:
                    takes.check(request)
                return await handler(request=request, **parts)

            self.router.add_api_route(
                path, checked, methods=[method], summary=summary, operation_id=name or handler.__name__,
                tags=[*filter(None, (self._tag, tag))], status_code=min(map(int, answers)),
                responses=problems(**wrong) | answers, dependencies=[Depends(needs(scope))] if scope else [],
                openapi_extra=extra | ({"requestBody": body} if body else {}), response_class=Response,
            )  # fmt: skip
            return handler

        return add
