"""An issuer of tokens that is slow: its keys are fetched behind the tokens, and not before them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from worker.processes import PATIENCE

from gopher_cli.web.auth.jwks import FRESH, STALE, KeySet, fetch
from web.auth.test_tokens import clock, published, theirs
from web.keyring import STATS, Clock
from web.signing import issuer, jwk

pytestmark = pytest.mark.anyio
__all__ = ["clock"]


async def test_a_key_that_was_withdrawn_while_nobody_came_opens_nothing_once(
    open_api: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.web.auth.jwks._PATIENCE", PATIENCE)
    with issuer() as there:
        there.keys = [jwk("RS256", "one")]
        async with open_api(**published(there)) as api:
            assert (await api.get(STATS, headers=theirs())).status_code == 200
            there.keys = []
            clock.ahead += STALE + 1
            assert (await api.get(STATS, headers=theirs())).status_code == 401


async def test_an_issuer_that_hangs_keeps_no_token_waiting_whose_key_is_known(
    open_api: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "__defaults__", (PATIENCE,))
    with issuer() as there:
        there.keys = [jwk("RS256", "one")]
        async with open_api(**published(there)) as api:
            assert (await api.get(STATS, headers=theirs())).status_code == 200
            there.go.clear()
            clock.ahead += FRESH + 1
            for _ in range(3):  # whoever waited for the fetch would wait for `go`
                async with asyncio.timeout(PATIENCE / 2):
                    assert (await api.get(STATS, headers=theirs())).status_code == 200
            stranger = asyncio.create_task(api.get(STATS, headers=theirs("two")))
            async with asyncio.timeout(PATIENCE / 2):
                while len(there.asked) < 2:
                    await asyncio.sleep(0.01)
            assert not stranger.done()
            there.keys.append(jwk("RS256", "two"))
            there.go.set()
            assert (await stranger).status_code == 200
    assert len(there.asked) == 2


async def test_who_hangs_up_takes_the_fetched_keys_from_nobody() -> None:
    with issuer() as there:
        there.keys = [jwk("RS256", "one")]
        there.go.clear()
        keys = KeySet(there.url, "RS256")
        first, second = (asyncio.create_task(keys.key("one")) for _ in range(2))
        async with asyncio.timeout(PATIENCE):
            while not there.asked:
                await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.wait({first})
        there.go.set()

        assert await second is not None and await keys.key("one") is not None
    assert first.cancelled() and len(there.asked) == 1


def test_an_issuer_that_answers_without_an_end_is_cut_off() -> None:
    with issuer() as there:
        there.drips = True
        with pytest.raises(OSError, match="too long"):
            fetch(there.url, 0.2)
