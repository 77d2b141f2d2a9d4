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
