"""Who is wrong too often, and who asks too often."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gopher_cli.gopher import Gopher
from web.keyring import STATS, Clock
from web.signing_in import STRONG, open_pages

pytestmark = pytest.mark.anyio
__all__ = ["open_pages"]


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all buckets."""
    from gopher_cli.web.auth import token_buckets

    clock, still = Clock(), time.monotonic()
    monkeypatch.setattr(token_buckets.Buckets.__init__, "__defaults__", (lambda: still + clock.ahead,))
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
