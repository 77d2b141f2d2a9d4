"""Requests that no page of ours has made, and sites that may call us."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from web.keyring import JOBS, STATS
from web.signing_in import FOREIGN, HERE, STRONG, open_pages, signed_in

pytestmark = pytest.mark.anyio
__all__ = ["open_pages"]


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


# Behind a proxy, where the server is called by another name than the browser's.

INNER = {"Host": "127.0.0.1:18603"}
OUTER = {"Origin": "http://queue.test:18701"}
PROXY = "127.0.0.0/8"


@pytest.mark.parametrize(
    "forwarded",
    [
        {"X-Forwarded-Host": "queue.test:18701"},
        {"X-Forwarded-Host": "Queue.test", "X-Forwarded-Port": "18701"},
        {"X-Forwarded-Host": "queue.test:18701, inner.test"},
        {"Host": "queue.test", "X-Forwarded-Port": "18701"},
        {"Host": "queue.test:18701", "X-Forwarded-Port": "8080"},
    ],
    ids=str,
)
async def test_the_name_that_a_trusted_proxy_says_is_ours(open_pages: Any, forwarded: dict[str, str]) -> None:
    async with open_pages(TRUSTED_PROXIES=PROXY) as api:
        header = INNER | OUTER | forwarded
        entered = await api.post("/test/enter", content=STRONG, headers=header)
        assert entered.status_code == 200, entered.text
        csrf = entered.text.rpartition(" ")[2]
        cookie = {"Cookie": entered.headers["set-cookie"].partition(";")[0]}

        assert (await api.post("/test/form", content=csrf, headers=header | cookie)).status_code == 200
        assert (await api.post("/test/leave", headers=header | cookie)).status_code == 200


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8"])
async def test_who_is_no_trusted_proxy_names_nobody_and_is_told_what_to_set(
    open_pages: Any, trusted: str
) -> None:
    async with open_pages(TRUSTED_PROXIES=trusted) as api:
        header = INNER | OUTER | {"X-Forwarded-Host": "queue.test:18701"}
        refused = await api.post("/test/enter", content=STRONG, headers=header)

    assert refused.status_code == 403
    assert "TRUSTED_PROXIES (127.0.0.1)" in refused.json()["hint"]


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://queue.test", "queue.test:80", True),
        ("https://queue.test", "queue.test:443", True),
        ("https://queue.test:443", "QUEUE.test", True),
        ("https://queue.test", "queue.test:80", False),
        ("http://queue.test:81", "queue.test", False),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://queue.test.evil", "queue.test", False),
        ("http://queue.test@evil.test", "queue.test", False),
        ("http://queue.test:x", "queue.test", False),
        ("queue.test", "queue.test", False),
        ("http://", "", False),
        ("null", "null", False),
    ],
)
async def test_a_port_that_goes_without_saying_may_be_said(
    open_pages: Any, origin: str, host: str, same: bool
) -> None:
    async with open_pages() as api:
        answer = await api.post("/test/enter", content=STRONG, headers={"Origin": origin, "Host": host})
    assert (answer.status_code == 200) == same


async def test_a_refusal_names_both_names_and_what_to_set_wherever_it_comes_from(open_pages: Any) -> None:
    """Who lists our own site as another one, as an older hint said, is told at once, not half-way."""
    for listed in ("", OUTER["Origin"]):
        async with open_pages(SERVER_CORS_ORIGINS=listed) as api:
            cookie, csrf = await signed_in(api)
            for path in ("/test/enter", "/test/form"):
                header = INNER | OUTER | cookie
                refused = await api.post(path, content=csrf, headers=header)
                assert refused.status_code == 403, (listed, path)
                said = refused.json()
                assert "http://queue.test:18701" in said["detail"] and "127.0.0.1:18603" in said["detail"]
                assert "proxy_set_header Host $http_host" in said["hint"]


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
