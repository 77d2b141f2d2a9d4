"""Tokens (JWT): one algorithm, keys that were chosen here, an end; nothing that a token says of itself."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from worker.processes import PATIENCE

from gopher_cli.gopher import Gopher
from gopher_cli.web.auth.jwks import FLOOR, FRESH
from web.keyring import JOBS, KEYS, STATS, Clock
from web.signing import Issuer, issuer, jwk, private_key, public_pem, token

pytestmark = pytest.mark.anyio

ALGORITHMS = ["RS256", "ES256", "EdDSA", "HS256"]


def takes(algorithm: str = "RS256", **more: str) -> dict[str, str]:
    """The settings of a server that takes tokens signed so."""
    return {"JWT_ALGORITHM": algorithm, "JWT_KEY": public_pem(algorithm), **more}


def raw(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> dict[str, str]:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    words = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return {"Authorization": "Bearer " + ".".join(words)}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_that_was_signed_as_agreed_opens_what_it_says(open_api: Any, algorithm: str) -> None:
    async with open_api(**takes(algorithm)) as api:
        assert (await api.get(STATS)).status_code == 401
        assert (await api.get(STATS, headers=token(algorithm))).status_code == 200
        assert (await api.get(STATS, headers={"X-API-KEY": token(algorithm)["Authorization"][7:]})).is_success
        assert (await api.post(JOBS, json={"type": "t"}, headers=token(algorithm))).status_code == 403
        assert (await api.get(STATS, headers=token(algorithm, number=1))).status_code == 401


@pytest.mark.parametrize(
    ("claims", "may"),
    [
        ({"scope": "read submit"}, {STATS, JOBS}), ({"scope": None, "scopes": ["submit:default"]}, {JOBS}),
        ({"scope": None, "role": "operator"}, {STATS, JOBS}), ({"scope": "admin"}, {STATS, JOBS, KEYS}),
        ({"scope": None}, set()), ({"scope": "everything", "role": "king"}, set()),
        ({"scope": 7, "scopes": [7, None], "role": ["admin"]}, set()),
    ],
)  # fmt: skip
async def test_a_token_may_what_its_claims_say(open_api: Any, claims: dict[str, Any], may: set[str]) -> None:
    async with open_api(**takes()) as api:
        header = token(**claims)
        opened = {
            STATS: await api.get(STATS, headers=header), KEYS: await api.get(KEYS, headers=header),
            JOBS: await api.post(JOBS, json={"type": "t"}, headers=header),
        }  # fmt: skip

    assert {path for path, answer in opened.items() if answer.is_success} == may
    assert all(answer.is_success or answer.status_code == 403 for answer in opened.values())


async def test_the_audit_names_the_holder_of_a_token(open_api: Any, gopher: Gopher) -> None:
    async with open_api(**takes()) as api:
        body = {"name": "n", "role": "viewer"}
        await api.post(KEYS, json=body, headers=token(role="admin", sub="ann\x1b[31m"))

    assert [entry.actor for entry in await gopher.audit_log()] == ["token of ann\\x1b[31m"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": timedelta(seconds=-61)}, {"exp": None}, {"exp": "soon"}, {"nbf": timedelta(seconds=120)},
        {"aud": "other"}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None},
    ],
    ids=str,
)  # fmt: skip
async def test_a_token_that_is_not_for_us_or_not_for_now_opens_nothing(
    open_api: Any, claims: dict[str, Any]
) -> None:
    right = {"aud": ["other", "gopher"], "iss": "https://issuer.example"}
    async with open_api(**takes(JWT_AUDIENCE="gopher", JWT_ISSUER="https://issuer.example")) as api:
        assert (await api.get(STATS, headers=token(**right))).status_code == 200
        assert (await api.get(STATS, headers=token(**right | {"exp": int(time.time()) - 30}))).is_success

        said = {
            name: int(time.time() + value.total_seconds()) if isinstance(value, timedelta) else value
            for name, value in claims.items()
        }
        refused = await api.get(STATS, headers=token(**right | said))

    assert refused.status_code == 401 and "token" in refused.json()["detail"]


async def test_a_token_without_a_signature_opens_nothing(open_api: Any) -> None:
    claims = {"sub": "ann", "exp": int(time.time()) + 300, "scope": "admin"}
    async with open_api(**takes()) as api:
        for algorithm in ("none", "None", "NONE", "", None):
            assert (await api.get(STATS, headers=raw({"alg": algorithm}, claims))).status_code == 401
        assert (await api.get(STATS, headers=raw({}, claims))).status_code == 401


async def test_a_public_key_is_nobodys_shared_secret(open_api: Any) -> None:
    """The old trick: sign with HS256, and take what everybody may read for the secret."""
    import hashlib
    import hmac

    pem = public_pem("RS256").strip()
    for ending in ("", "\n"):
        head = raw({"alg": "HS256", "typ": "JWT"}, {"exp": int(time.time()) + 300, "scope": "admin"})
        signed = head["Authorization"][7:].rstrip(".")
        mac = hmac.new((pem + ending).encode(), signed.encode(), hashlib.sha256).digest()
        forged = f"Bearer {signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        async with open_api(**takes()) as api:
            assert (await api.get(STATS, headers={"Authorization": forged})).status_code == 401


@pytest.mark.parametrize("other", ["ES256", "EdDSA", "HS256"])
async def test_another_algorithm_than_the_agreed_one_opens_nothing(open_api: Any, other: str) -> None:
    async with open_api(**takes("RS256")) as api:
        assert (await api.get(STATS, headers=token(other))).status_code == 401


async def test_a_token_that_was_changed_opens_nothing(open_api: Any) -> None:
    head, _, signature = token()["Authorization"][7:].split(".")
    claims = base64.urlsafe_b64encode(b'{"exp":9999999999,"scope":"admin"}').rstrip(b"=").decode()
    async with open_api(**takes()) as api:
        for forged in (
            f"{head}.{claims}.{signature}",
            f"{head}.{claims}.",
            "a.b.c",
            f"{head}.e30.{signature}",
        ):
            assert (await api.get(STATS, headers={"Authorization": f"Bearer {forged}"})).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        b"", b"x", b"[]", b"7", b"null", b"[" * 5000, b'{"a":' * 1000, b"\xff\xfe", b'{"alg":7}',
        b'{"alg":["RS256"]}', b'{"alg":"RS256","kid":7}', b'{"alg":"RS256","kid":{"a":1}}',
        b'{"alg":"RS256","crit":["x"]}', b'{"alg":"RS256","b64":false}',
        b'{"alg":"RS256","x":' + b"9" * 5000 + b"}",
    ],
    ids=lambda header: header[:24],
)  # fmt: skip
async def test_a_token_with_a_hostile_header_opens_nothing(open_api: Any, header: bytes) -> None:
    _, claims, signature = token()["Authorization"][7:].split(".")
    head = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
    async with open_api(**takes()) as api:
        answer = await api.get(STATS, headers={"Authorization": f"Bearer {head}.{claims}.{signature}"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "claims",
    [{"exp": float("inf")}, {"exp": 10**400}, {"exp": True}, {"exp": [1]}, {"iat": float("nan")},
     {"nbf": "x"}, {"iss": 7}, {"aud": 7}, {"aud": {"a": 1}}],
    ids=str,
)  # fmt: skip
async def test_a_token_with_claims_of_another_kind_opens_nothing(
    open_api: Any, claims: dict[str, Any]
) -> None:
    right = {"aud": "gopher", "iss": "us"}
    said = json.dumps({"exp": int(time.time()) + 300, "scope": "read", **right, **claims}).encode()
    signed = jwt.PyJWS().encode(said, private_key("RS256"), algorithm="RS256")
    async with open_api(**takes(JWT_AUDIENCE="gopher", JWT_ISSUER="us")) as api:
        answer = await api.get(STATS, headers={"Authorization": f"Bearer {signed}"})

    assert answer.status_code == 401


async def test_keys_that_a_token_brings_or_points_to_count_for_nothing(open_api: Any) -> None:
    with issuer() as evil:
        evil.keys = [jwk("RS256", "mine", 1)]
        hints = {"jku": evil.url, "x5u": evil.url, "jwk": jwk("RS256", "mine", 1), "kid": "mine"}
        async with open_api(**takes()) as api:
            assert (await api.get(STATS, headers=token(number=1, headers=hints))).status_code == 401
        assert evil.asked == []


async def test_tokens_do_not_shut_keys_out(open_api: Any, gopher: Gopher) -> None:
    made = await gopher.create_key("k", role="viewer")
    async with open_api(**takes(API_KEY="an.environment.key")) as api:
        for key in (made.secret, "an.environment.key"):
            assert (await api.get(STATS, headers={"Authorization": f"Bearer {key}"})).status_code == 200


# Keys that an issuer publishes.


def published(by: Issuer, algorithm: str = "RS256") -> dict[str, str]:
    return {"JWT_ALGORITHM": algorithm, "JWT_JWKS_URL": by.url, "JWT_AUDIENCE": "gopher"}


def theirs(kid: str = "one", **more: Any) -> dict[str, str]:
    return token(headers={"kid": kid}, aud="gopher", **more)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    from gopher_cli.web.auth import jwks

    clock = Clock()
    usual = jwks.KeySet.__init__.__defaults__
    assert usual
    monkeypatch.setattr(jwks.KeySet.__init__, "__defaults__", (clock.module().monotonic,))
    return clock


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_the_keys_of_an_issuer_are_fetched_once(open_api: Any, algorithm: str) -> None:
    with issuer() as there:
        there.keys = [jwk("ES256" if algorithm == "RS256" else "RS256", "other"), jwk(algorithm, "one")]
        async with open_api(**published(there, algorithm)) as api:
            header = token(algorithm, headers={"kid": "one"}, aud="gopher")
            for _ in range(3):
                assert (await api.get(STATS, headers=header)).status_code == 200
    assert there.asked == ["/keys"]


async def test_a_key_id_that_nobody_knows_is_looked_for_once(open_api: Any, clock: Clock) -> None:
    with issuer() as there:
        there.keys = [jwk("RS256", "one")]
        async with open_api(**published(there)) as api:
            assert (await api.get(STATS, headers=theirs())).status_code == 200
            clock.ahead += FLOOR + 1
            for n in range(3):
                assert (await api.get(STATS, headers=theirs(f"made-up-{n}"))).status_code == 401
            assert len(there.asked) == 2
            there.keys.append(jwk("RS256", "two"))
            clock.ahead += FLOOR + 1
            assert (await api.get(STATS, headers=theirs("two"))).status_code == 200
    assert len(there.asked) == 3


async def test_a_key_that_was_withdrawn_opens_nothing_any_more(open_api: Any, clock: Clock) -> None:
    with issuer() as there:
        there.keys = [jwk("RS256", "one")]
        async with open_api(**published(there)) as api:
            assert (await api.get(STATS, headers=theirs())).status_code == 200
            there.keys = []
            clock.ahead += FRESH + 1
            end = time.monotonic() + PATIENCE
            while (await api.get(STATS, headers=theirs())).status_code != 401:
                assert time.monotonic() < end
                await asyncio.sleep(0.01)
    assert len(there.asked) == 2


async def test_while_the_issuer_is_away_its_last_keys_count(open_api: Any, clock: Clock) -> None:
    with issuer() as there:
        there.keys = [jwk("RS256", "one")]
        async with open_api(**published(there)) as api:
            assert (await api.get(STATS, headers=theirs())).status_code == 200
            there.status = 500
            clock.ahead += FRESH + 1
            assert (await api.get(STATS, headers=theirs())).status_code == 200


@pytest.mark.parametrize("status", [500, 302])
async def test_without_any_keys_of_the_issuer_a_token_is_asked_to_come_again(
    open_api: Any, status: int
) -> None:
    with issuer() as there:
        there.keys, there.status = [jwk("RS256", "one")], status
        async with open_api(**published(there)) as api:
            answer = await api.get(STATS, headers=theirs())
    assert answer.status_code == 503 and there.asked == ["/keys"]
