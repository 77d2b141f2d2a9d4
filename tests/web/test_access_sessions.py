"""Sessions of the dashboard: a cookie in the place of a key, and requests that no page of ours has made."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from web.keyring import JOBS, KEYS, STATS, Clock

from gopher_cli.gopher import Gopher
from gopher_cli.model.access import OPERATE
from gopher_cli.web.access import ring, sessions
from gopher_cli.web.access.door import caller_of, needs

pytestmark = pytest.mark.anyio

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
        caller, cookie = await sessions.sign_in(request, (await request.body()).decode())
        said = f"{caller.name} {sessions.csrf_token(request)}"
        return Response(said, headers={"Set-Cookie": cookie})

    async def leave(request: Request) -> Response:
        return Response(headers={"Set-Cookie": sessions.sign_out(request)})

    async def page(request: Request) -> Response:
        caller = await caller_of(request)
        return Response(f"{caller.via} {caller.name} {sessions.csrf_token(request)}")

    async def form(request: Request) -> Response:
        sessions.check_csrf(request, (await request.body()).decode())
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


@pytest.mark.parametrize("which", ["made", "environment"])
async def test_a_key_is_exchanged_for_a_cookie_that_opens_the_same(
    open_pages: Any, gopher: Gopher, which: str
) -> None:
    made = await gopher.create_key("ann", role="viewer")
    async with open_pages() as api:
        cookie, _ = await signed_in(api, made.secret if which == "made" else STRONG)

        page = await api.get("/test/page", headers=cookie)
        assert page.text.startswith(f"session {'ann' if which == 'made' else 'API_KEY'} ")
        assert (await api.get(STATS, headers=cookie)).status_code == 200
        assert (await api.get(KEYS, headers=cookie)).status_code == (403 if which == "made" else 200)


async def test_the_cookie_is_for_this_server_and_its_pages_alone(open_pages: Any) -> None:
    async with open_pages() as api:
        answer = await api.post("/test/enter", content=STRONG)

    said = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= set(said.split("; "))
    assert "Secure" not in said and STRONG not in said and "Domain" not in said


@pytest.mark.parametrize(("trusted", "secure"), [("127.0.0.0/8", True), ("10.0.0.0/8", False), ("", False)])
async def test_behind_a_trusted_proxy_that_speaks_https_the_cookie_is_secure(
    open_pages: Any, trusted: str, secure: bool
) -> None:
    async with open_pages(TRUSTED_PROXIES=trusted) as api:
        answer = await api.post("/test/enter", content=STRONG, headers={"X-Forwarded-Proto": "https"})

    assert ("Secure" in answer.headers["set-cookie"]) == secure


async def test_a_wrong_key_gets_no_cookie(open_pages: Any) -> None:
    async with open_pages() as api:
        for wrong in ("", "x", f"gk_0123456789_{43 * 'x'}"):
            answer = await api.post("/test/enter", content=wrong)
            assert answer.status_code == 401 and "set-cookie" not in answer.headers


async def test_to_sign_out_is_to_lose_the_cookie(open_pages: Any) -> None:
    async with open_pages() as api:
        await api.post("/test/enter", content=STRONG)
        assert (await api.get("/test/page")).status_code == 200
        assert (await api.post("/test/leave", headers=HERE)).status_code == 200

        assert (await api.get("/test/page")).status_code == 401


async def test_all_servers_know_a_session_of_one_of_them(open_pages: Any) -> None:
    async with open_pages() as one, open_pages() as other:
        unknown = {"X-API-KEY": "unknown"}  # it has looked just before: nobody had signed in
        assert (await other.get("/test/page", headers=unknown)).status_code == 401
        cookie, _ = await signed_in(one)

        assert (await other.get("/test/page", headers=cookie)).status_code == 200


async def test_a_revoked_key_ends_its_sessions(
    open_pages: Any, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(ring, "time", clock.module())
    made = await gopher.create_key("ann", role="viewer")
    async with open_pages() as api:
        cookie, _ = await signed_in(api, made.secret)
        assert (await api.get("/test/page", headers=cookie)).status_code == 200
        await gopher.revoke_key("ann")
        clock.ahead += 1

        assert (await api.get("/test/page", headers=cookie)).status_code == 401


async def test_another_api_key_ends_the_sessions_of_the_one_before(open_pages: Any) -> None:
    async with open_pages() as api:
        cookie, _ = await signed_in(api)
    async with open_pages(API_KEY=f"{STRONG}2") as api:
        assert (await api.get("/test/page", headers=cookie)).status_code == 401


async def test_a_session_ends_after_twelve_hours(open_pages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    async with open_pages() as api:
        cookie, _ = await signed_in(api)
        monkeypatch.setattr(sessions, "time", clock.module())
        clock.ahead += 12 * 3600 - 60
        assert (await api.get("/test/page", headers=cookie)).status_code == 200
        clock.ahead += 120
        assert (await api.get("/test/page", headers=cookie)).status_code == 401


async def test_a_cookie_that_we_have_not_sealed_opens_nothing(open_pages: Any, gopher: Gopher) -> None:
    viewer = await gopher.create_key("ann", role="viewer")
    admin = await gopher.create_key("bob", role="admin")
    async with open_pages() as api:
        cookie, _ = await signed_in(api, viewer.secret)
        text = cookie["Cookie"].partition("=")[2]
        later = str(int(time.time()) + 10**6)
        for forged in (
            text.replace(viewer.info.id, admin.info.id), text.replace(viewer.info.id, "environment"),
            re.sub(r"\.[0-9]+\.", f".{later}.", text), text[:-1] + ("0" if text[-1] != "0" else "1"),
            text[:-64], "", "x", f"environment.{later}.{'x' * 16}.{'0' * 64}",
        ):  # fmt: skip
            answer = await api.get("/test/page", headers={"Cookie": f"gopher_session={forged}"})
            assert answer.status_code == 401, forged


async def test_a_key_counts_before_a_cookie(open_pages: Any) -> None:
    async with open_pages() as api:
        cookie, _ = await signed_in(api)

        page = await api.get("/test/page", headers={**cookie, "X-API-KEY": STRONG})
        assert page.text.startswith("environment")
        assert (await api.get("/test/page", headers={**cookie, "X-API-KEY": "wrong"})).status_code == 401


async def test_the_audit_tells_a_session_from_its_key(open_pages: Any, gopher: Gopher) -> None:
    made = await gopher.create_key("ann", role="admin")
    async with open_pages() as api:
        cookie, csrf = await signed_in(api, made.secret)
        header = {**cookie, **HERE, "X-CSRF-Token": csrf}
        assert (await api.post(KEYS, json={"name": "n", "role": "viewer"}, headers=header)).status_code == 201

    assert [entry.actor for entry in await gopher.audit_log()] == [f"session of key ann ({made.info.id})"]


# Requests that a page of ours has not made.


async def test_a_form_of_ours_is_taken(open_pages: Any) -> None:
    async with open_pages() as api:
        cookie, csrf = await signed_in(api)

        for origin in (HERE, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
            answer = await api.post("/test/form", content=csrf, headers={**cookie, **origin})
            assert answer.status_code == 200, origin


async def test_a_form_without_the_words_of_its_session_is_refused(open_pages: Any) -> None:
    async with open_pages() as api:
        cookie, csrf = await signed_in(api)
        _, other = await signed_in(api)

        assert csrf != other
        for wrong in ("", other, csrf[:-1], "ü"):
            answer = await api.post("/test/form", content=wrong.encode(), headers={**cookie, **HERE})
            assert answer.status_code == 403


async def test_a_form_that_does_not_say_where_it_comes_from_is_refused(open_pages: Any) -> None:
    async with open_pages() as api:
        cookie, csrf = await signed_in(api)

        assert (await api.post("/test/form", content=csrf, headers=cookie)).status_code == 403


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
async def test_nothing_that_another_site_has_made_a_browser_send_is_done(
    open_pages: Any, foreign: dict[str, str]
) -> None:
    async with open_pages() as api:
        cookie, csrf = await signed_in(api)

        header = {**cookie, **foreign, "X-CSRF-Token": csrf}
        assert (await api.post("/test/form", content=csrf, headers=header)).status_code == 403
        assert (await api.post(JOBS, json={"type": "t"}, headers=header)).status_code == 403


async def test_a_call_of_the_api_with_a_cookie_needs_the_token_in_a_header(open_pages: Any) -> None:
    async with open_pages() as api:
        cookie, csrf = await signed_in(api)
        body = {"json": {"type": "t"}, "headers": {**cookie, **HERE}}

        assert (await api.post(JOBS, **body)).status_code == 403
        body["headers"]["X-CSRF-Token"] = csrf
        assert (await api.post(JOBS, **body)).status_code == 201
        assert (await api.get(STATS, headers=cookie)).status_code == 200


async def test_a_call_with_a_key_needs_no_token_wherever_it_comes_from(open_pages: Any) -> None:
    async with open_pages() as api:
        for origin in ({}, *FOREIGN):
            header = {"X-API-KEY": STRONG, **origin}
            assert (await api.post(JOBS, json={"type": "t"}, headers=header)).status_code == 201


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
async def test_an_open_server_does_nothing_for_a_foreign_page(
    api: httpx2.AsyncClient, foreign: dict[str, str]
) -> None:
    refused = await api.post(JOBS, json={"type": "t"}, headers=foreign)

    assert refused.status_code == 403
    assert (await api.post(JOBS, json={"type": "t"}, headers=HERE)).status_code == 201
    assert (await api.post(JOBS, json={"type": "t"})).status_code == 201


# Pages that may call us.

FRIEND = "https://app.example.com"


async def test_a_listed_site_may_call_with_a_key(open_pages: Any) -> None:
    async with open_pages(SERVER_CORS_ORIGINS=f"{FRIEND},https://other.example") as api:
        asked = {"Origin": FRIEND, "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "x-api-key, content-type"}  # fmt: skip
        before = await api.options(JOBS, headers=asked)
        answer = await api.post(JOBS, json={"type": "t"}, headers={"Origin": FRIEND, "X-API-KEY": STRONG})
        refused = await api.get(STATS, headers={"Origin": FRIEND})

    assert before.status_code in (200, 204)
    assert answer.status_code == 201 and refused.status_code == 401
    for said in (before, answer, refused):
        assert said.headers["access-control-allow-origin"] == FRIEND
        assert "access-control-allow-credentials" not in said.headers


async def test_no_other_site_may(open_pages: Any) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for listed in ("", FRIEND):
        async with open_pages(SERVER_CORS_ORIGINS=listed) as api:
            before = await api.options(JOBS, headers=asked)
            answer = await api.get(STATS, headers={**asked, "X-API-KEY": STRONG})
        assert "access-control-allow-origin" not in before.headers
        assert "access-control-allow-origin" not in answer.headers


# Who is wrong too often.


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all buckets."""
    from gopher_cli.web.access import buckets

    clock, still = Clock(), time.monotonic()
    monkeypatch.setattr(buckets.Buckets.__init__, "__defaults__", (lambda: still + clock.ahead,))
    return clock


async def test_after_ten_wrong_keys_there_is_one_a_second(open_pages: Any, limited: Clock) -> None:
    async with open_pages() as api:
        said = [await api.get(STATS, headers={"X-API-KEY": str(n)}) for n in range(12)]
        assert [answer.status_code for answer in said] == [401] * 10 + [429] * 2
        assert said[-1].headers["retry-after"] == "1"
        limited.ahead += 1
        assert (await api.post("/test/enter", content="wrong")).status_code == 401
        assert (await api.post("/test/enter", content="wrong")).status_code == 429


async def test_wrong_keys_do_not_keep_a_right_one_out(
    open_pages: Any, gopher: Gopher, limited: Clock
) -> None:
    made = await gopher.create_key("ann", role="viewer")
    async with open_pages() as api:
        for n in range(15):
            await api.get(STATS, headers={"X-API-KEY": str(n)})

        for right in (STRONG, made.secret):
            assert (await api.get(STATS, headers={"X-API-KEY": right})).status_code == 200


async def test_a_short_key_cannot_be_guessed_at_leisure(open_pages: Any, limited: Clock) -> None:
    """From an address that has guessed too often a right guess is not told from a wrong one."""
    async with open_pages(API_KEY="4711", TRUSTED_PROXIES="127.0.0.1") as api:
        guesser, other = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
        for n in range(10):
            await api.get(STATS, headers={**guesser, "X-API-KEY": str(n)})

        assert (await api.get(STATS, headers={**guesser, "X-API-KEY": "4711"})).status_code == 429
        assert (await api.get(STATS, headers={**other, "X-API-KEY": "4711"})).status_code == 200
        limited.ahead += 1
        assert (await api.get(STATS, headers={**guesser, "X-API-KEY": "4711"})).status_code == 200


async def test_only_a_trusted_proxy_is_believed_whom_it_speaks_for(open_pages: Any, limited: Clock) -> None:
    async with open_pages() as api:
        said = [
            await api.get(STATS, headers={"X-API-KEY": "x", "X-Forwarded-For": f"192.0.2.{n}"})
            for n in range(12)
        ]

    assert [answer.status_code for answer in said] == [401] * 10 + [429] * 2


# Who asks too often.


async def test_a_key_with_a_rate_is_asked_to_wait(open_pages: Any, gopher: Gopher, limited: Clock) -> None:
    slow = {"X-API-KEY": (await gopher.create_key("slow", role="viewer", rate="2/s")).secret}
    other = {"X-API-KEY": (await gopher.create_key("other", role="viewer", rate="2/s")).secret}
    async with open_pages() as api:
        said = [await api.get(STATS, headers=slow) for _ in range(3)]
        assert [answer.status_code for answer in said] == [200, 200, 429]
        refused = said[-1]
        assert refused.headers["retry-after"] == "1" and refused.json()["status"] == 429
        assert refused.headers["ratelimit-policy"] == '"key";q=2;w=1'
        assert refused.headers["ratelimit"] == '"key";r=0;t=1'
        assert (await api.get(STATS, headers=other)).status_code == 200
        assert (await api.get(STATS, headers={"X-API-KEY": STRONG})).status_code == 200
        limited.ahead += 0.5
        assert (await api.get(STATS, headers=slow)).status_code == 200


async def test_api_rate_is_for_everybody_without_a_rate_of_their_own(
    open_pages: Any, gopher: Gopher, limited: Clock
) -> None:
    quick = {"X-API-KEY": (await gopher.create_key("quick", role="viewer", rate="100/s")).secret}
    async with open_pages(API_RATE="1/m") as api:
        usual = {"X-API-KEY": STRONG}
        assert [(await api.get(STATS, headers=usual)).status_code for _ in range(2)] == [200, 429]
        assert [(await api.get(STATS, headers=quick)).status_code for _ in range(3)] == [200] * 3
        assert (await api.get("/health")).status_code == 200


async def test_where_nobody_needs_a_key_each_address_has_a_rate(open_api: Any, limited: Clock) -> None:
    async with open_api(API_RATE="1/m", TRUSTED_PROXIES="127.0.0.1") as api:
        one, other = ({"X-Forwarded-For": f"198.51.100.9, 192.0.2.{n}"} for n in (1, 2))

        assert [(await api.get(STATS, headers=one)).status_code for _ in range(2)] == [200, 429]
        assert (await api.get(STATS, headers=other)).status_code == 200
