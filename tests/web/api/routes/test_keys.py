"""/api/v1/keys: make, list and revoke keys, and end all sessions."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest

from gopher_cli.gopher import Gopher
from web.keyring import KEYS, STATS, key, session_of
from web.pages import send

pytestmark = pytest.mark.anyio

STRONG = "an-environment-key-of-some-length"
ADMIN = {"X-API-KEY": STRONG}


@pytest.fixture
def keys_api(open_api: Any) -> Any:
    """A server that asks for keys, and a client that is its admin."""
    return open_api(API_KEY=STRONG)


async def test_a_key_is_made_and_its_secret_told_once(keys_api: Any) -> None:
    async with keys_api as api:
        body = {"name": "shop", "scopes": ["submit:mail"], "expires_in": "90d", "rate": "100/s"}
        made = await api.post(KEYS, json=body, headers=ADMIN)
        listed = await api.get(KEYS, headers=ADMIN)

    said = made.json()
    secret = said.pop("secret")
    assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
    at = listed.json()["at"]
    assert listed.json() == {"items": [said], "next_cursor": None, "at": at}
    assert said["created_at"] <= at < said["expires_at"]
    assert said["scopes"] == ["submit:mail"] and said["rate"] == "100/s" and said["state"] == "live"
    assert said["created_at"] < said["expires_at"] and said["last_used_at"] is said["revoked_at"] is None
    assert secret.startswith(f"gk_{said['id']}_") and secret not in listed.text


async def test_a_new_key_opens_at_once_and_a_revoked_one_nothing(keys_api: Any) -> None:
    async with keys_api as api:
        made = (await api.post(KEYS, json={"name": "ann", "role": "viewer"}, headers=ADMIN)).json()
        header = {"X-API-KEY": made["secret"]}
        assert (await api.get(STATS, headers=header)).status_code == 200

        gone = await api.delete(f"{KEYS}/{made['id']}", headers=ADMIN)

        assert gone.status_code == 200 and gone.json()["state"] == "revoked" and "secret" not in gone.json()
        assert (await api.get(STATS, headers=header)).status_code == 401


async def test_what_cannot_be_revoked_says_why(keys_api: Any) -> None:
    async with keys_api as api:
        for _ in range(2):
            await api.post(KEYS, json={"name": "twin", "role": "viewer"}, headers=ADMIN)
        assert (await api.delete(f"{KEYS}/nobody", headers=ADMIN)).status_code == 404
        assert (await api.delete(f"{KEYS}/twin", headers=ADMIN)).status_code == 409
        (id, _) = [one["id"] for one in (await api.get(KEYS, headers=ADMIN)).json()["items"]]
        assert (await api.delete(f"{KEYS}/{id}", headers=ADMIN)).status_code == 200
        assert (await api.delete(f"{KEYS}/{id}", headers=ADMIN)).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"[]", 422), (b"{}", 422), (b'{"name":"a"}', 422),
        (b'{"name":"a b","role":"viewer"}', 422), (b'{"name":"a","role":"king"}', 422),
        (b'{"name":"a","role":"viewer","scopes":["read"]}', 422), (b'{"name":"a","scopes":["x"]}', 422),
        (b'{"name":"a","role":"viewer","expires_in":0}', 422),
        (b'{"name":"a","role":"viewer","expires_in":-1}', 422),
        (b'{"name":"a","role":"viewer","expires_in":1e300}', 422),
        (b'{"name":"a","role":"viewer","expires_in":"soon"}', 422),
        (b'{"name":"a","role":"viewer","rate":"0/s"}', 422), (b'{"name":"a","role":"viewer","more":1}', 422),
        (b'{"name":"a","name":"b","role":"viewer"}', 422), (b'{"name":"\\u0000","role":"viewer"}', 422),
    ],
)  # fmt: skip
async def test_a_body_that_makes_no_sense_makes_no_key(
    keys_api: Any, gopher: Gopher, body: bytes, status: int
) -> None:
    async with keys_api as api:
        header = {**ADMIN, "Content-Type": "application/json"}
        answer = await api.post(KEYS, content=body, headers=header)

    assert answer.status_code == status and answer.json()["error"], answer.text
    assert await gopher.api_keys() == []


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"role": "king"}, "#/role"),
        ({"role": "viewer", "rate": "fast"}, "#/rate"),
        ({"scopes": ["x"]}, "#/scopes"),
    ],
)
async def test_what_is_wrong_with_a_key_is_pointed_at(
    keys_api: Any, wrong: dict[str, Any], pointer: str
) -> None:
    async with keys_api as api:
        answer = await api.post(KEYS, json={"name": "a"} | wrong, headers=ADMIN)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_everybody_is_signed_out_through_the_api(keys_api: Any, gopher: Gopher) -> None:
    viewer = await key(gopher, role="viewer")
    async with keys_api as api:
        assert (await api.post(f"{KEYS}/sign-out-all", headers=ADMIN)).json() == {"changed": False}
        cookie = session_of(await send(api, "/login", key=STRONG))
        api.cookies.clear()
        assert (await api.get(STATS, headers=cookie)).status_code == 200
        assert (await api.post(f"{KEYS}/sign-out-all", headers=viewer)).status_code == 403

        assert (await api.post(f"{KEYS}/sign-out-all", headers=ADMIN)).json() == {"changed": True}

        assert (await api.get(STATS, headers=cookie)).status_code == 401
        assert (await api.get(STATS, headers=ADMIN)).status_code == 200


async def test_all_that_the_document_names_stands_in_it(api: httpx2.AsyncClient) -> None:
    text = (await api.get("/openapi.json")).text
    schemas = (await api.get("/openapi.json")).json()["components"]["schemas"]

    named = set(re.findall(r'"\$ref": ?"([^"]*)"', text))
    assert {name.removeprefix("#/components/schemas/") for name in named} <= set(schemas)
    assert {"KeyRequest", "KeyView", "NewKeyView", "KeyList", "SignedOut"} <= set(schemas)


async def test_the_document_says_how_a_key_is_sent(api: httpx2.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()

    assert document["components"]["securitySchemes"]["key"]["name"] == "X-API-KEY"
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            guarded = path not in ("/health", "/livez", "/readyz")
            assert bool(route["security"]) == guarded, (method, path)
            assert guarded == ({"401", "403", "429"} <= set(route["responses"])), (method, path)
