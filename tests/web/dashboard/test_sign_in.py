"""Who gets to see pages and to press buttons: signing in, tokens of forms, roles."""

from __future__ import annotations

import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.web.dashboard.pages.login import local
from web.conftest import Open
from web.keyring import key
from web.operated import in_every_state
from web.pages import Page, look, send, sign_in

pytestmark = pytest.mark.anyio

ADMIN = "an-environment-key-of-some-length"


async def test_who_follows_a_link_from_elsewhere_is_let_in_with_the_cookie_they_have(open_api: Open) -> None:
    async with open_api(API_KEY=ADMIN) as api:
        page = await look(api, "/jobs?q=a", **{"Sec-Fetch-Site": "cross-site"})
        assert page.all("meta", **{"http-equiv": "refresh"})

        here = await api.get("/jobs?q=a", headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})
        assert here.headers["location"] == "/login?next=%2Fjobs%3Fq%3Da"


async def test_a_stranger_is_sent_to_sign_in_and_comes_back_to_where_they_were_going(open_api: Open) -> None:
    async with open_api(API_KEY=ADMIN) as api:
        sent = await api.get("/jobs?q=state:failed", headers={"Accept": "text/html"})
        assert (sent.status_code, sent.headers["location"]) == (
            303,
            "/login?next=%2Fjobs%3Fq%3Dstate%3Afailed",
        )
        page = await look(api, sent.headers["location"])
        assert page.all("input", type="password", name="key")
        assert "Queues" not in page.text

        wrong = await sign_in(api, "gk_wrong")
        assert wrong.status_code == 401 and "This key is not known" in wrong.text
        right = await sign_in(api, ADMIN, "/jobs?q=state:failed")

        assert right.headers["location"] == "/jobs?q=state:failed"
        assert ADMIN not in right.headers["set-cookie"]
        assert "Sign out" in (await look(api, "/jobs")).text


async def test_who_signs_out_is_a_stranger_again(open_api: Open) -> None:
    async with open_api(API_KEY=ADMIN) as api:
        await sign_in(api, ADMIN)
        token = (await look(api, "/")).fields("/logout")["csrf_token"]

        answer = await send(api, "/logout", csrf_token=token)

        assert "Max-Age=0" in answer.headers["set-cookie"]


@pytest.mark.parametrize("fields", [{}, {"csrf_token": ""}, {"csrf_token": "0" * 64}])
async def test_a_form_without_the_token_of_its_session_changes_nothing(
    open_api: Open, gopher: Gopher, fields: dict[str, str]
) -> None:
    await gopher.submit("x", queue="mail")
    async with open_api(API_KEY=ADMIN) as api:
        await sign_in(api, ADMIN)

        answer = await send(api, "/queues/mail/pause", **fields)
        assert answer.status_code == 403
        token = (await look(api, "/queues/mail")).fields("/queues/mail/pause")["csrf_token"]
        right = await send(api, "/queues/mail/pause", csrf_token=token)

        assert right.status_code == 303


async def test_a_form_of_another_site_is_refused(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.submit("x", queue="mail")

    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await send(api, "/queues/mail/pause", foreign)).status_code == 403

    assert not (await gopher.stats(["mail"])).queues[0].paused


async def test_who_signs_in_through_a_proxy_that_changes_the_name_is_told_so_as_a_page(
    open_api: Open,
) -> None:
    async with open_api(API_KEY=ADMIN) as api:
        outer = {"Origin": "http://queue.test:18701"}
        answer = await send(api, "/login", outer, key=ADMIN)
        page = Page(answer.text)
        program = await api.post("/login", headers=outer)

    assert answer.status_code == 403 and answer.headers["content-type"].startswith("text/html")
    assert "http://queue.test:18701" in page.text and "proxy_set_header Host $http_host" in page.text
    assert program.headers["content-type"] == "application/problem+json"


async def test_a_viewer_sees_no_button_and_may_press_none(open_api: Open, gopher: Gopher) -> None:
    made = await in_every_state(gopher)
    viewer = await key(gopher, role="viewer")
    async with open_api() as api:
        for path in ("/", "/jobs", "/dlq", "/scheduled", "/queues/default", f"/jobs/{made['failed']}"):
            page = await look(api, path, **viewer)
            assert page.all("form", method="post") == [], path
            assert not [one for one in page.all("a") if "/bulk" in one["href"]], path
            assert not page.all("a", href="/submit") and not page.all("a", href="/audit")

        for path in ("/queues/default/pause", f"/jobs/{made['failed']}/retry", "/bulk", "/submit"):
            refused = await send(api, path, viewer, action="purge", all="1", type="x")
            assert refused.status_code == 403, path
        for path in ("/audit", "/submit", "/bulk?action=purge&all=1"):
            assert "This key lacks the scope" in (await look(api, path, 403, **viewer)).text


async def test_who_may_submit_to_one_queue_may_not_submit_to_another(open_api: Open, gopher: Gopher) -> None:
    mine = await key(gopher, "read", "submit:mail")
    async with open_api() as api:
        right = await send(api, "/submit", mine, type="x", json="{}", queue="mail")
        wrong = await send(api, "/submit", mine, type="x", json="{}", queue="other")

    assert right.status_code == 303
    assert wrong.status_code == 403
    assert "may not submit to other" in Page(wrong.text).text


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "", "evil",
     "/a\r\nb: c", "/\t/evil.example", "/login?next=/login", "/logout", "/" + "x" * 3000,
     "/jobs\\@evil.example"],
)  # fmt: skip
def test_after_signing_in_nobody_is_sent_to_another_site(path: str) -> None:
    assert local(path) == "/"


@pytest.mark.parametrize("path", ["/", "/jobs?q=state:failed+type:%22a%22&order=oldest", "/queues/mail"])
def test_after_signing_in_one_is_where_one_wanted_to_be(path: str) -> None:
    assert local(path) == path
