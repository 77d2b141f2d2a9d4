"""How keys end, and what of them is known while Redis is away."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from worker.processes import PATIENCE

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Unavailable
from gopher_cli.web.auth import key_cache
from gopher_cli.web.server import problems
from web.auth.test_authenticate import STRONG, clock
from web.keyring import STATS, Clock, key
from web.pages import sign_in

pytestmark = pytest.mark.anyio

__all__ = ["clock"]


# How they end.


async def test_a_key_that_was_revoked_opens_nothing_within_a_second(
    open_api: Any, gopher: Gopher, clock: Clock
) -> None:
    header = await key(gopher, role="viewer")
    async with open_api() as one, open_api() as other:
        assert [(await api.get(STATS, headers=header)).status_code for api in (one, other)] == [200, 200]
        await gopher.revoke_key("k")
        clock.ahead += 1

        for api in (one, other):
            refused = await api.get(STATS, headers=header)
            assert refused.status_code == 401 and "revoked" in refused.json()["detail"]


async def test_a_key_that_has_expired_opens_nothing(open_api: Any, gopher: Gopher, clock: Clock) -> None:
    header = await key(gopher, role="viewer", lasts=60.0)
    async with open_api() as api:
        assert (await api.get(STATS, headers=header)).status_code == 200
        clock.ahead += 61

        refused = await api.get(STATS, headers=header)

    assert refused.status_code == 401 and "expired" in refused.json()["detail"]


async def test_the_last_use_of_a_key_is_noted_once_a_minute(
    open_api: Any, gopher: Gopher, clock: Clock
) -> None:
    header = await key(gopher, role="viewer")

    async def used() -> int:
        return (await gopher.api_keys())[0].last_used_ms

    async with open_api() as api:
        await api.get(STATS, headers=header)
        with anyio.fail_after(PATIENCE):
            while not (first := await used()):
                await anyio.sleep(0.01)
        clock.ahead += 30
        await api.get(STATS, headers=header)
        await api.app.state.services.authenticator.close()
        assert await used() == first
        clock.ahead += 31
        await api.get(STATS, headers=header)
        await api.app.state.services.authenticator.close()
        assert await used() > first


async def test_who_signs_in_uses_the_key_and_so_does_the_session(
    open_api: Any, gopher: Gopher, clock: Clock
) -> None:
    secret = (await key(gopher, role="viewer"))["X-API-KEY"]

    async def used() -> int:
        return (await gopher.api_keys())[0].last_used_ms

    async with open_api() as api:
        await sign_in(api, secret)
        await api.app.state.services.authenticator.close()
        assert (first := await used())
        clock.ahead += 61
        assert (await api.get(STATS)).status_code == 200
        await api.app.state.services.authenticator.close()
        assert await used() > first


async def test_many_requests_at_once_read_the_keys_once(
    open_api: Any, gopher: Gopher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, reads = await key(gopher, role="viewer"), []
    async with open_api() as api:
        mine = api.app.state.services.gopher
        read = mine.access_table

        async def counted() -> Any:
            reads.append(1)
            return await read()

        monkeypatch.setattr(mine, "access_table", counted)
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(lambda: api.get(STATS, headers=header))

    assert len(reads) == 1


# Without Redis.


def cut(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> Any:
        raise Unavailable("Redis does not answer")

    monkeypatch.setattr(api.app.state.services.gopher, "access_table", away)


async def test_while_redis_is_away_the_last_keys_count_for_a_minute(
    open_api: Any, gopher: Gopher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = await key(gopher, role="viewer")
    async with open_api() as api:
        assert (await api.get(STATS, headers=header)).status_code == 200
        cut(api, monkeypatch)
        clock.ahead += 59
        assert (await api.get(STATS, headers=header)).status_code == 200
        assert (await api.get(STATS)).status_code == 401
        clock.ahead += 2

        late = await api.get(STATS, headers=header)

    assert late.status_code == 503 and int(late.headers["retry-after"]) > 0


async def test_a_redis_that_says_nothing_holds_nobody_up_whose_key_is_known(
    open_api: Any, gopher: Gopher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, reads, over = await key(gopher, role="viewer"), [], anyio.Event()

    async def silent() -> Any:
        reads.append(1)
        await over.wait()
        raise Unavailable("Redis does not answer")

    async with open_api() as api:
        await api.get(STATS, headers=header)
        monkeypatch.setattr(problems, "PATIENCE", 60.0)
        monkeypatch.setattr(key_cache, "_PATIENCE", 0.05)
        monkeypatch.setattr(api.app.state.services.gopher, "access_table", silent)
        clock.ahead += 1
        with anyio.fail_after(PATIENCE):
            assert (await api.get(STATS, headers=header)).status_code == 200
        assert reads == [1]
        over.set()


async def test_who_cannot_know_whether_to_ask_for_a_key_lets_nobody_in(
    open_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_api() as api:
        cut(api, monkeypatch)

        assert (await api.get(STATS)).status_code == 503
        assert (await api.get(STATS, headers={"X-API-KEY": "x"})).status_code == 503


async def test_the_key_of_the_environment_works_without_redis(
    open_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_api(API_KEY=STRONG) as api:
        cut(api, monkeypatch)

        assert (await api.get(STATS, headers={"X-API-KEY": STRONG})).status_code == 200


async def test_when_redis_is_back_the_keys_are_read_again(
    open_api: Any, gopher: Gopher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = await key(gopher, role="viewer")
    async with open_api() as api:
        with monkeypatch.context() as patch:
            cut(api, patch)
            assert (await api.get(STATS, headers=header)).status_code == 503
        clock.ahead += 1

        assert (await api.get(STATS, headers=header)).status_code == 200
