"""Sessions of the dashboard: a cookie in the place of a key, until it ends."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Unavailable
from gopher_cli.verbs import access
from gopher_cli.web.auth import key_cache, sessions
from web.keyring import KEYS, STATS, Clock
from web.signing_in import HERE, STRONG, open_pages, signed_in

pytestmark = pytest.mark.anyio
__all__ = ["open_pages"]


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


@pytest.mark.parametrize("prefix", ["", "/ops/gopher"])
async def test_the_cookie_is_for_this_server_and_its_pages_alone(open_pages: Any, prefix: str) -> None:
    async with open_pages(SERVER_ROOT_PATH=prefix) as api:
        answer = await api.post("/test/enter", content=STRONG)
        gone = await api.post(f"{prefix}/test/leave", headers=HERE)

    said = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", f"Path={prefix or '/'}", "Max-Age=43200"} <= set(said.split("; "))
    assert {f"Path={prefix or '/'}", "Max-Age=0"} <= set(gone.headers["set-cookie"].split("; "))
    assert "Secure" not in said and STRONG not in said and "Domain" not in said


@pytest.mark.parametrize(("trusted", "secure"), [("127.0.0.0/8", True), ("10.0.0.0/8", False), ("", False)])
async def test_behind_a_trusted_proxy_that_speaks_https_the_cookie_is_secure(
    open_pages: Any, trusted: str, secure: bool
) -> None:
    async with open_pages(TRUSTED_PROXIES=trusted) as api:
        answer = await api.post("/test/enter", content=STRONG, headers={"X-Forwarded-Proto": "https"})

    assert ("Secure" in answer.headers["set-cookie"]) == secure


@pytest.mark.parametrize("different", [{"GOPHER_NAMESPACE": "another"}, {"SERVER_ROOT_PATH": "/b"}])
async def test_who_signs_in_to_one_gopher_of_a_host_stays_in_the_other(
    open_pages: Any, different: dict[str, str]
) -> None:
    """Two ports of one host are one host to a browser: it sends all of their cookies to both. So it is with
    a path and the paths below it, also where both have the same keys."""
    async with open_pages() as one, open_pages(**different) as other:
        both: dict[str, str] = {}
        for api in (one, other):
            entered = await api.post("/test/enter", content=STRONG, headers={"Cookie": jar(both)})
            name, _, text = entered.headers["set-cookie"].partition(";")[0].partition("=")
            both[name] = text
        for api in (one, other):
            api.cookies.clear()
            assert (await api.get("/test/page", headers={"Cookie": jar(both)})).status_code == 200
        left = await one.post("/test/leave", headers={"Cookie": jar(both), **HERE})
        both[left.headers["set-cookie"].partition("=")[0]] = ""

        assert (await one.get("/test/page", headers={"Cookie": jar(both)})).status_code == 401
        assert (await other.get("/test/page", headers={"Cookie": jar(both)})).status_code == 200


def jar(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={text}" for name, text in cookies.items())


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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the ring: a second ahead, all servers have looked at Redis again."""
    clock = Clock()
    monkeypatch.setattr(key_cache, "time", clock.module())
    return clock


async def test_a_copy_of_a_signed_out_cookie_opens_nothing_on_any_server(
    open_pages: Any, gopher: Gopher, clock: Clock
) -> None:
    made = await gopher.create_key("ann", role="viewer")
    for secret in (made.secret, STRONG):
        async with open_pages() as one, open_pages() as other:
            kept, _ = await signed_in(one, secret)
            elsewhere, _ = await signed_in(one, secret)
            assert (await other.get("/test/page", headers=kept)).status_code == 200

            assert (await one.post("/test/leave", headers=kept | HERE)).status_code == 200

            assert (await one.get("/test/page", headers=kept)).status_code == 401
            clock.ahead += 1
            assert (await other.get("/test/page", headers=kept)).status_code == 401
            assert (await other.get("/test/page", headers=elsewhere)).status_code == 200


async def test_a_session_that_cannot_be_ended_is_not_said_to_be(
    open_pages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise Unavailable("Redis does not answer")

    async with open_pages() as api:
        cookie, _ = await signed_in(api)
        monkeypatch.setattr(api.app.state.services.gopher, "sign_out", away)
        answer = await api.post("/test/leave", headers=cookie | HERE)

    assert answer.status_code == 503 and "set-cookie" not in answer.headers


async def test_where_very_many_were_signed_out_one_more_ends_the_older_ones_of_its_key(
    open_pages: Any, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MOST_SIGNED_OUT", 1)
    made = await gopher.create_key("ann", role="viewer")
    async with open_pages() as api:
        first, older, last, bobs = [
            (await signed_in(api, secret))[0] for secret in (*[made.secret] * 3, STRONG)
        ]
        for cookie in (first, last):
            assert (await api.post("/test/leave", headers=cookie | HERE)).status_code == 200
        said = [
            (await api.get("/test/page", headers=cookie)).status_code for cookie in (first, older, last, bobs)
        ]

    assert said == [401, 401, 401, 200]


async def test_everybody_can_be_signed_out_at_once_and_signs_in_again(
    open_pages: Any, gopher: Gopher, clock: Clock
) -> None:
    made = await gopher.create_key("ann", role="viewer")
    async with open_pages() as one, open_pages() as other:
        cookies = [(await signed_in(one, secret))[0] for secret in (made.secret, STRONG)]
        assert await gopher.sign_out_all()
        clock.ahead += 1
        for api in (one, other):
            for cookie in cookies:
                assert (await api.get("/test/page", headers=cookie)).status_code == 401

        again, _ = await signed_in(one, made.secret)
        assert (await one.get("/test/page", headers=again)).status_code == 200
        assert (await other.get("/test/page", headers=again)).status_code == 200


async def test_all_servers_know_a_session_of_one_of_them(open_pages: Any) -> None:
    async with open_pages() as one, open_pages() as other:
        unknown = {"X-API-KEY": "unknown"}  # it has looked just before: nobody had signed in
        assert (await other.get("/test/page", headers=unknown)).status_code == 401
        cookie, _ = await signed_in(one)

        assert (await other.get("/test/page", headers=cookie)).status_code == 200


async def test_a_revoked_key_ends_its_sessions(open_pages: Any, gopher: Gopher, clock: Clock) -> None:
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
        name, _, text = cookie["Cookie"].partition("=")
        later = str(int(time.time()) + 10**6)
        for forged in (
            text.replace(viewer.info.id, admin.info.id), text.replace(viewer.info.id, "environment"),
            re.sub(r"\.[0-9]+\.", f".{later}.", text), text[:-1] + ("0" if text[-1] != "0" else "1"),
            text[:-64], "", "x", f"environment.{later}.{'x' * 16}.{'0' * 64}",
        ):  # fmt: skip
            answer = await api.get("/test/page", headers={"Cookie": f"{name}={forged}"})
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
