"""The page of API keys: a secret is shown once, a key is revoked after a question, and only by admins."""

from __future__ import annotations

import re

import httpx2
import pytest

from gopher_cli.gopher import Gopher
from web.conftest import Open
from web.keyring import STATS, key
from web.pages import Page, look, send, sign_in

pytestmark = pytest.mark.anyio

ADMIN = "an-environment-key-of-some-length"
BY_SCOPE = {"role": "", "scope": ["read", "submit"], "queues": "mail, shop", "lasts": "90d", "rate": "100/s"}


async def made(api: httpx2.AsyncClient, **asked: str | list[str]) -> httpx2.Response:
    """What the form of this visitor is answered."""
    page = await look(api, "/keys/new")
    return await send(api, "/keys", **page.fields("/keys") | asked)


def secret_of(answer: httpx2.Response) -> str:
    """The one in the page; it has to be in nothing else of the answer."""
    (secret,) = set(re.findall(r"gk_[0-9a-f]{10}_[A-Za-z0-9_-]{43}", answer.text))
    assert secret not in str(answer.headers) and secret not in str(answer.url)
    return secret


async def test_a_key_is_made_shown_once_and_opens_what_was_asked_for(open_api: Open, gopher: Gopher) -> None:
    async with open_api(API_KEY=ADMIN) as api:
        await sign_in(api, ADMIN)

        answer = await made(api, name="shop", **BY_SCOPE)

        secret = secret_of(answer)
        assert answer.status_code == 201 and answer.headers["cache-control"] == "no-store"
        assert Page(answer.text).all("pre", **{"class": "secret", "data-secret": ""})
        for path in ("/keys", "/audit"):
            page = await look(api, path)
            assert "shop" in page.text and "gk_" not in page.text
        api.cookies.clear()
        assert (await api.get(STATS, headers={"X-API-KEY": secret})).status_code == 200

    (info,) = await gopher.api_keys()
    assert (info.name, info.scopes, info.rate) == ("shop", ("read", "submit:mail", "submit:shop"), "100/s")
    assert info.expires_ms - info.created_ms == 90 * 86_400_000


async def test_a_form_that_is_sent_again_makes_no_second_key_and_tells_no_secret(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    fields = (await look(api, "/keys/new")).fields("/keys") | {"name": "ann", "role": "admin"}
    first = await send(api, "/keys", **fields)

    again = await send(api, "/keys", {"X-API-KEY": secret_of(first)}, **fields)

    assert (again.status_code, again.headers["location"]) == (303, "/keys")
    assert "gk_" not in again.text and len(await gopher.api_keys()) == 1


async def test_who_makes_the_first_key_is_told_that_it_locks(api: httpx2.AsyncClient) -> None:
    page = await look(api, "/keys/new")
    assert "The first key" in page.text
    assert "checked" in page.all("input", name="role", value="admin")[0]

    answer = await made(api, name="ann", role="admin")

    assert "sign in with this one" in answer.text
    stranger = await api.get("/keys", headers={"Accept": "text/html"})
    assert stranger.headers["location"].startswith("/login")
    assert (await sign_in(api, secret_of(answer))).status_code == 303


@pytest.mark.parametrize(
    ("asked", "at", "told"),
    [
        ({"name": "two words"}, "name", "The name of a key 'two words' is not"),
        ({"role": "king"}, "scopes", "no role"),
        ({"role": "", "scope": []}, "scopes", "Choose at least one scope"),
        ({"role": "", "queues": "no queue!"}, "scopes", "The queue"),
        ({"lasts": "soon"}, "lasts", "is not a duration"),
        ({"lasts": "0"}, "lasts", "expires at once"),
        ({"rate": "often"}, "rate", "is not a rate"),
    ],
)
async def test_what_makes_no_sense_is_said_beside_its_field_and_nothing_is_lost(
    api: httpx2.AsyncClient, gopher: Gopher, asked: dict[str, str | list[str]], at: str, told: str
) -> None:
    answer = await made(api, **{"name": "kept", "role": "viewer", "rate": "5/s"} | asked)

    page = Page(answer.text)
    assert answer.status_code == 422 and await gopher.api_keys() == []
    assert page.all("p", id=f"{at}-wrong") and told in page.text
    kept = {"name": "kept", "rate": "5/s"} | asked
    assert all(page.all("input", name=name, value=str(kept[name])) for name in ("name", "rate"))


async def test_a_key_is_revoked_after_a_question(open_api: Open, gopher: Gopher) -> None:
    header = await key(gopher, role="viewer", name="ann")
    (info,) = await gopher.api_keys()
    async with open_api(API_KEY=ADMIN) as api:
        await sign_in(api, ADMIN)
        (link,) = (await look(api, "/keys")).all("a", href=f"/keys/{info.id}/revoke")
        asked = await look(api, link["href"])
        assert "Revoke key ann?" in asked.text and (await gopher.api_keys())[0].standing == "live"

        answer = await send(api, link["href"], **asked.fields(link["href"]))

        assert "ann" in (await look(api, answer.headers["location"])).text
        page = await look(api, "/keys")
        assert "revoked" in page.text and not page.all("a", href=link["href"])
        audit = await look(api, "/audit")
        assert "session of API_KEY revoke key ann" in audit.text
        again = await send(api, link["href"], **asked.fields(link["href"]))
        assert again.status_code == 409
        api.cookies.clear()
        assert (await api.get(STATS, headers=header)).status_code == 401
    assert (await gopher.api_keys())[0].standing == "revoked"


async def test_only_admins_see_keys_and_only_their_forms_change_any(open_api: Open, gopher: Gopher) -> None:
    operator = await key(gopher, role="operator", name="op")
    (info,) = await gopher.api_keys()
    async with open_api(API_KEY=ADMIN) as api:
        assert not (await look(api, "/", **operator)).all("a", href="/keys")
        for path in ("/keys", "/keys/new", f"/keys/{info.id}/revoke", "/sign-out-all"):
            assert (await look(api, path, 403, **operator)).text
            assert (await send(api, path, operator)).status_code in (403, 405)
        await sign_in(api, ADMIN)
        for path in ("/keys", f"/keys/{info.id}/revoke", "/sign-out-all"):
            assert (await send(api, path, name="x", role="admin", csrf_token="0" * 64)).status_code == 403
    assert [one.standing for one in await gopher.api_keys()] == ["live"]


async def test_everybody_is_signed_out_at_once(open_api: Open) -> None:
    async with open_api(API_KEY=ADMIN) as api:
        await sign_in(api, ADMIN)
        page = await look(api, "/sign-out-all")
        assert page.all("a", href="/keys", **{"aria-current": "page"})

        await send(api, "/sign-out-all", **page.fields("/sign-out-all"))

        assert (await api.get("/keys", headers={"Accept": "text/html"})).status_code == 303
        assert 'name="key"' in (await sign_in(api, "wrong")).text
        await sign_in(api, ADMIN)
        assert "API keys" in (await look(api, "/keys")).text


async def test_a_key_is_shown_as_what_it_is(open_api: Open, gopher: Gopher) -> None:
    await key(gopher, role="operator", name="ann")
    await key(gopher, "submit:mail", name="mailer", rate="5/s")
    async with open_api(API_KEY=ADMIN) as api:
        await sign_in(api, ADMIN)

        page = await look(api, "/keys")

    assert "operator read submit operate metrics" in page.text
    assert "mailer live submit:mail 5/s" in page.text and "never" in page.text
    assert page.forbidden() == []
