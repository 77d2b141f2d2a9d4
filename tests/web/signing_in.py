"""Pages that have sessions, as a dashboard does, and who signs in there."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.web.auth import sessions
from gopher_cli.web.auth.sign_in import sign_in, sign_out
from gopher_cli.web.authorize import caller_of, check_csrf, needs
from gopher_cli.web.services.services import services_of

STRONG = "an-environment-key-of-some-length"
HERE = {"Origin": "http://localhost"}
FOREIGN = [
    {"Origin": "https://evil.example"}, {"Origin": "http://localhost:3000"}, {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"}, {"Origin": "http://[x"}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]  # fmt: skip


def add_pages(app: FastAPI) -> None:
    """What a dashboard makes of sessions."""

    async def enter(request: Request) -> Response:
        key, authenticator = (await request.body()).decode(), services_of(request).authenticator
        caller, cookie = await sign_in(authenticator, request, key)
        said = f"{caller.name} {sessions.csrf_token(request)}"
        return Response(said, headers={"Set-Cookie": cookie})

    async def leave(request: Request) -> Response:
        await caller_of(request)
        return Response(headers={"Set-Cookie": await sign_out(services_of(request).authenticator, request)})

    async def page(request: Request) -> Response:
        caller = await caller_of(request)
        return Response(f"{caller.via} {caller.name} {sessions.csrf_token(request)}")

    async def form(request: Request) -> Response:
        check_csrf(request, (await request.body()).decode())
        return Response("done")

    class FormRoute(APIRoute):
        takes_forms = True

    for path, does in (("enter", enter), ("leave", leave)):
        app.add_api_route(f"/test/{path}", does, methods=["POST"])
    forms = APIRouter(route_class=FormRoute, dependencies=[Depends(needs(OPERATE))])
    forms.add_api_route("/test/form", form, methods=["POST"])
    app.include_router(forms)
    app.add_api_route("/test/page", page)


@pytest.fixture
def open_pages(open_api: Any) -> Any:
    def opened(**environ: str) -> Any:
        return Pages(open_api(**({"API_KEY": STRONG} | environ)))

    return opened


class Pages:
    def __init__(self, opening: Any) -> None:
        self._opening = opening

    async def __aenter__(self) -> httpx2.AsyncClient:
        api: httpx2.AsyncClient = await self._opening.__aenter__()
        add_pages(api.app)  # type: ignore[attr-defined]
        return api

    async def __aexit__(self, *why: Any) -> None:
        await self._opening.__aexit__(*why)


async def signed_in(api: httpx2.AsyncClient, secret: str = STRONG) -> tuple[dict[str, str], str]:
    """The cookie as a header, and what forms have to carry."""
    answer = await api.post("/test/enter", content=secret)
    assert answer.status_code == 200, answer.text
    api.cookies.clear()
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}, answer.text.rpartition(" ")[2]
