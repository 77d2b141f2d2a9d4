"""The door: which keys open what, and which requests get in without one."""

from __future__ import annotations

from typing import Any

import anyio
import httpx2
import pytest

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.access.api_keys import digest_of
from gopher_cli.web.auth import authenticate, key_cache
from web.keyring import JOBS, KEYS, STATS, Clock, key

pytestmark = pytest.mark.anyio

STRONG = "an-environment-key-of-some-length"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the ring of keys and of the door."""
    clock = Clock()
    for module in (key_cache, authenticate):
        monkeypatch.setattr(module, "time", clock.module())
    return clock


# Who gets in.


async def test_without_any_key_this_machine_is_open(api: httpx2.AsyncClient) -> None:
    assert (await api.get(STATS)).status_code == 200


async def test_with_the_first_key_the_server_begins_to_ask_for_one(
    open_api: Any, gopher: Gopher, clock: Clock
) -> None:
    async with open_api() as api:
        assert (await api.get(STATS)).status_code == 200
        header = await key(gopher, role="viewer")
        clock.ahead += 1

        refused = await api.get(STATS)

        assert refused.status_code == 401 and "API key" in refused.json()["detail"]
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert (await api.get(STATS, headers=header)).status_code == 200


async def test_a_server_that_asked_for_keys_does_not_open_when_the_last_is_revoked(
    open_api: Any, gopher: Gopher
) -> None:
    await key(gopher, role="viewer")
    await gopher.revoke_key("k")

    async with open_api() as api:
        assert (await api.get(STATS)).status_code == 401


@pytest.mark.parametrize("environ", [{"AUTH": "required"}, {"API_KEY": STRONG}])
async def test_where_a_key_is_needed_nobody_gets_in_without(open_api: Any, environ: dict[str, str]) -> None:
    async with open_api(**environ) as api:
        assert (await api.get(STATS)).status_code == 401
        assert (await api.post(JOBS, json={"type": "t"})).status_code == 401
        assert (await api.get("/health")).status_code == 200


@pytest.mark.parametrize("auth", ["open", "open-to-everyone"])
async def test_an_open_server_asks_nobody_though_there_are_keys(
    open_api: Any, gopher: Gopher, auth: str
) -> None:
    await key(gopher, role="viewer")

    async with open_api(AUTH=auth) as api:
        assert (await api.get(STATS)).status_code == 200


@pytest.mark.parametrize("environ", [{}, {"AUTH": "open"}, {"API_KEY": STRONG}])
@pytest.mark.parametrize("wrong", ["nonsense", f"{STRONG}x", "gk_0123456789_" + 43 * "x", "ü"])
async def test_a_wrong_key_opens_nothing_even_where_none_is_needed(
    open_api: Any, environ: dict[str, str], wrong: str
) -> None:
    async with open_api(**environ) as api:
        for header in ({"X-API-KEY": wrong.encode()}, {"Authorization": b"Bearer " + wrong.encode()}):
            assert (await api.get(STATS, headers=header)).status_code == 401


async def test_the_id_of_a_key_is_not_its_secret(open_api: Any, gopher: Gopher) -> None:
    made = await gopher.create_key("k", role="viewer")
    other = await gopher.create_key("other", role="viewer")
    async with open_api() as api:
        for wrong in (
            made.info.id, f"{made.secret[:-1]}{'A' if made.secret[-1] != 'A' else 'B'}",
            f"gk_{made.info.id}_{other.secret[14:]}", f"gk_{made.info.id}_{digest_of(made.secret)[:43]}",
        ):  # fmt: skip
            assert (await api.get(STATS, headers={"X-API-KEY": wrong})).status_code == 401
        assert (await api.get(STATS, headers={"X-API-KEY": made.secret})).status_code == 200


@pytest.mark.parametrize("way", ["X-API-KEY", "Authorization"])
@pytest.mark.parametrize("which", ["made", "environment"])
async def test_a_key_comes_by_either_header(open_api: Any, gopher: Gopher, way: str, which: str) -> None:
    secret = (await gopher.create_key("k", role="viewer")).secret if which == "made" else STRONG

    async with open_api(API_KEY=STRONG) as api:
        header = {way: secret if way == "X-API-KEY" else f"bearer {secret}"}
        assert (await api.get(STATS, headers=header)).status_code == 200


async def test_a_key_may_be_written_in_any_letters(open_api: Any) -> None:
    async with open_api(API_KEY="schlüssel-鍵") as api:
        for header in (
            {"X-API-KEY": "schlüssel-鍵".encode()},
            {"Authorization": "Bearer schlüssel-鍵".encode()},
        ):
            assert (await api.get(STATS, headers=header)).status_code == 200


async def test_a_key_in_the_address_opens_nothing(open_api: Any) -> None:
    async with open_api(API_KEY=STRONG) as api:
        for name in ("key", "api_key", "x-api-key", "token", "access_token"):
            assert (await api.get(STATS, params={name: STRONG})).status_code == 401


async def test_two_different_keys_in_one_request_open_nothing(open_api: Any, gopher: Gopher) -> None:
    made = (await gopher.create_key("k", role="admin")).secret

    async with open_api(API_KEY=STRONG) as api:
        both = [("X-API-KEY", STRONG), ("Authorization", f"Bearer {made}")]
        twice = [("X-API-KEY", STRONG), ("X-API-KEY", made)]
        same = [("X-API-KEY", STRONG), ("Authorization", f"Bearer {STRONG}")]
        assert (await api.get(STATS, headers=both)).status_code == 401
        assert (await api.get(STATS, headers=twice)).status_code == 401
        assert (await api.get(STATS, headers=same)).status_code == 200


@pytest.mark.parametrize("value", [f"Basic {STRONG}", STRONG, f"Token {STRONG}", f"Bearer{STRONG}"])
async def test_another_scheme_brings_no_key(open_api: Any, value: str) -> None:
    async with open_api(API_KEY=STRONG) as api:
        assert (await api.get(STATS, headers={"Authorization": value})).status_code == 401


# What they may do.

ALLOWED = {
    "read": [("GET", STATS), ("GET", f"{JOBS}/nobody")],
    "submit": [("POST", JOBS)],
    "admin": [("GET", KEYS), ("POST", KEYS), ("DELETE", f"{KEYS}/nobody")],
}


@pytest.mark.parametrize("scope", ["read", "submit", "operate", "metrics", "admin"])
async def test_a_scope_opens_its_routes_and_no_others(open_api: Any, gopher: Gopher, scope: str) -> None:
    header = await key(gopher, scope)

    async with open_api() as api:
        for needed, routes in ALLOWED.items():
            for method, path in routes:
                body = {"json": {"type": "t"} if path == JOBS else {"name": "n", "role": "viewer"}}
                answer = await api.request(method, path, headers=header, **(body if method == "POST" else {}))
                opened = answer.status_code in (200, 201, 404)
                assert opened == (scope in (needed, "admin")), (method, path, answer.text)
                if not opened:
                    assert answer.status_code == 403 and answer.json()["scope"] == needed


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/jobs", "/job"])
async def test_a_key_of_one_queue_submits_to_that_queue_alone(
    open_api: Any, gopher: Gopher, path: str
) -> None:
    header = await key(gopher, "submit:mail")

    async with open_api() as api:
        for queue, status in (("mail", 201), ("reports", 403), (None, 403)):
            body = {"type": "t", "payload": "x"} | ({"queue": queue} if queue else {})
            answer = await api.post(path, json=body, headers=header)
            assert answer.status_code in (status, 200 if status == 201 else status), answer.text


async def test_a_key_that_may_only_submit_sees_nothing_of_what_is_there(
    open_api: Any, gopher: Gopher
) -> None:
    known = await gopher.submit("t", {"token": "s3cret"}, queue="mail", unique_key="order-1")
    header = await key(gopher, "submit:mail")

    async with open_api() as api:
        body = {"type": "t", "queue": "mail", "unique_key": "order-1"}
        answer = await api.post("/api/v1/jobs?wait=1", json=body, headers=header)

    assert answer.status_code == 200 and answer.json()["job_id"] == known
    assert "s3cret" not in answer.text and set(answer.json()) == {
        "job_id", "status", "created_at", "type", "queue", "links",
    }  # fmt: skip


async def test_the_door_says_who_came_in(open_api: Any, gopher: Gopher) -> None:
    """The audit of what a key has changed names the key."""
    header = await key(gopher, role="admin", name="deploy")

    async with open_api(API_KEY=STRONG) as api:
        await api.post(KEYS, json={"name": "a", "role": "viewer"}, headers=header)
        await api.post(KEYS, json={"name": "b", "role": "viewer"}, headers={"X-API-KEY": STRONG})
    async with open_api(AUTH="open") as api:
        await api.post(KEYS, json={"name": "c", "role": "viewer"})

    (id,) = [info.id for info in await gopher.api_keys() if info.name == "deploy"]
    told = {entry.target.partition(" ")[0]: entry.actor for entry in await gopher.audit_log()}
    assert told == {"a": f"key deploy ({id})", "b": "API_KEY", "c": "anybody@127.0.0.1"}


# Names and scrapers.


async def test_with_a_key_in_redis_any_name_will_do(open_api: Any, gopher: Gopher) -> None:
    header = await key(gopher, role="viewer")

    async with open_api() as api:
        assert (await api.get(STATS, headers={"Host": "queue.example", **header})).status_code == 200
        assert (await api.get(STATS, headers={"Host": "queue.example"})).status_code == 401


async def test_metrics_may_be_open_where_nothing_else_is(open_api: Any) -> None:
    for word, status in (("yes", 200), ("no", 401)):
        async with open_api(API_KEY=STRONG, METRICS_OPEN=word) as api:
            assert (await api.get("/metrics")).status_code == status
            assert (await api.get("/metrics", headers={"X-API-KEY": STRONG})).status_code == 200
            assert (await api.get("/metrics", headers={"X-API-KEY": "wrong"})).status_code == 401
            assert (await api.get(STATS)).status_code == 401


def test_keys_are_compared_in_a_time_that_tells_nothing() -> None:
    """By construction: both sides are digests, and nothing but compare_digest looks at them."""
    compared: list[tuple[str, str]] = []

    class Watching(str):
        def __eq__(self, other: object) -> bool:
            compared.append((str(self), str(other)))
            return super().__eq__(other)

        __hash__ = str.__hash__

    own = authenticate.Authenticator(Settings(api_key=STRONG))
    own._own = Watching(own._own)

    async def ask() -> None:
        request: Any = type("R", (), {"client": None, "headers": None})()
        assert (await own.owner_of(STRONG, request)).via == "environment"

    anyio.run(ask)
    assert not compared
