"""Waiting for the tokens of queues that live on several servers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest

from gopher_cli.store.routing import wait as wait_module
from gopher_cli.store.routing.wait import Waits

pytestmark = pytest.mark.anyio


class Tokens:
    """A wait for each token, that the test ends as it likes."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self.ends: dict[str, asyncio.Future[bool]] = defaultdict(asyncio.Future)

    async def wait(self, tokens: Sequence[str], seconds: float) -> bool:
        (token,) = tokens
        self.begun.append(token)
        try:
            return await self.ends[token]
        except asyncio.CancelledError:
            self.cancelled.append(token)
            raise
        finally:
            self.ends.pop(token, None)

    def come(self, token: str, said: bool | Exception = True) -> None:
        end = self.ends[token]
        if isinstance(said, Exception):
            end.set_exception(said)
        else:
            end.set_result(said)


async def begun(tokens: Tokens, count: int) -> None:
    while len(tokens.begun) < count:
        await asyncio.sleep(0)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait that goes on is kept for as long as the test takes between two steps."""
    monkeypatch.setattr(wait_module, "_KEPT", 60.0)


async def test_the_first_token_ends_the_wait_and_the_others_are_waited_for_on(kept: None) -> None:
    tokens = Tokens()
    waits = Waits(tokens.wait)
    for _ in range(3):
        first = asyncio.ensure_future(waits.first(["a", "b"], 1.0))
        await begun(tokens, tokens.begun.count("a") + 1)
        await asyncio.sleep(0)
        tokens.come("a")
        assert await first

    assert tokens.begun.count("b") == 1  # its connection is kept
    await waits.close()


async def test_a_token_that_came_in_between_is_not_lost(kept: None) -> None:
    tokens = Tokens()
    waits = Waits(tokens.wait)
    first = asyncio.ensure_future(waits.first(["a", "b"], 1.0))
    await begun(tokens, 2)
    tokens.come("a", False)
    assert not await first
    tokens.come("b")
    await asyncio.sleep(0)

    assert await waits.first(["a", "b"], 1.0)
    await waits.close()


async def test_who_is_at_work_takes_no_tokens_from_others() -> None:
    tokens = Tokens()
    waits = Waits(tokens.wait)
    first = asyncio.ensure_future(waits.first(["a", "b"], 1.0))
    await begun(tokens, 2)
    tokens.come("a")
    await first

    async with asyncio.timeout(60):
        while tokens.cancelled != ["b"]:
            await asyncio.sleep(0.005)


async def test_a_server_that_is_lost_is_told_unless_another_has_something() -> None:
    tokens = Tokens()
    waits = Waits(tokens.wait)
    first = asyncio.ensure_future(waits.first(["a", "b"], 1.0))
    await begun(tokens, 2)
    tokens.come("a", ConnectionError("lost"))
    tokens.come("b")
    assert await first

    second = asyncio.ensure_future(waits.first(["a", "b"], 1.0))
    await begun(tokens, 4)
    tokens.come("a", ConnectionError("lost"))
    with pytest.raises(ConnectionError, match="lost"):
        await second
    await waits.close()


async def test_at_the_end_nothing_waits_any_more() -> None:
    tokens = Tokens()
    waits = Waits(tokens.wait)
    first = asyncio.ensure_future(waits.first(["a", "b"], 1.0))
    await begun(tokens, 2)
    first.cancel()
    await waits.close()

    assert sorted(tokens.cancelled) == ["a", "b"]
