"""Signing in with an API key, and out again."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.web.auth.sign_in import sign_in, sign_out
from gopher_cli.web.authorize import caller_of
from gopher_cli.web.dashboard.forms.form_body import checked_form
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import Problem
from gopher_cli.web.services.services import services_of

router = APIRouter(route_class=PageRoute)
# A path of ours and its query: no other host, no other scheme, nothing that ends a header.
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}")


@router.get("/login")
async def login(request: Request) -> Response:
    """Where nobody asks for a key, or this visitor has come in already, there is nothing to do."""
    after = local(Given(request).free_text("next", 2000, "/"))
    try:
        await caller_of(request)
    except Problem as problem:
        if problem.status != 401:
            raise
        return page(request, "login.html", next=after, wrong="")
    return redirect(request, after)


@router.post("/login")
async def come_in(request: Request) -> Response:
    form = await checked_form(request)
    to = local(form.one("next"))
    try:
        caller, cookie = await sign_in(services_of(request).authenticator, request, form.one("key"))
    except Problem as problem:
        if problem.status not in (401, 429):
            raise
        answer = page(request, "login.html", status=problem.status, next=to, wrong=problem.detail)
        answer.headers.update({k: v for k, v in problem.headers.items() if k == "Retry-After"})
        return answer
    answer = redirect(request, to, message=f"Welcome, {caller.name}.")
    answer.headers.append("Set-Cookie", cookie)
    return answer


@router.post("/logout")
async def leave(request: Request) -> Response:
    await caller_of(request)
    await checked_form(request)
    gone = await sign_out(services_of(request).authenticator, request)
    answer = redirect(request, "/login")
    answer.headers.append("Set-Cookie", gone)
    return answer


def local(path: str) -> str:
    """Where to go after signing in: below our own root, whatever the address says."""
    return path if _LOCAL.fullmatch(path) and not path.startswith(("/login", "/logout")) else "/"
