"""Send Calls and Asks to Redis, asynchronously."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

import redis.asyncio
from redis.asyncio.retry import Retry

from gopher_cli.model.job.durability import MEMORY, Durability
from gopher_cli.store.asks.ask import Ask, wait_for
from gopher_cli.store.calls.call import Call, evalsha
from gopher_cli.store.connections.connection_options import connections
from gopher_cli.store.connections.lane import Lane
from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.errors.translate import checked, translate
from gopher_cli.store.keyspace import Keys
from gopher_cli.store.routing.redirects import masters, resumed, run_ask, run_at, run_calls
from gopher_cli.store.routing.routes import Send, Talk
from gopher_cli.store.routing.wait import Waits
from gopher_cli.store.stores.base import StoreBase
from gopher_cli.store.url import Address

T = TypeVar("T")


class RedisStore(StoreBase):
    """One lane to each server for each kind of traffic: a wait, a heartbeat and a settlement never stand
    in line."""

    def __init__(self, address: Address, *, timeout: float = 5.0) -> None:
        super().__init__(address, timeout=timeout)
        self._lanes: dict[tuple[str, Address], Lane] = {}
        self._waits = Waits(self._wait)

    def _lane(self, name: str, node: Address) -> Lane:
        lane = self._lanes.get((name, node))
        if lane is None:
            make = connections(node, None, redis.asyncio, Retry)
            # What waits brings its own deadline, and there is one for each queue.
            lane = Lane(make, None, 0) if name == "wait" else Lane(make, self._timeout)
            self._lanes[name, node] = lane
        return lane

    async def run(self, call: Call[T], lane: str = "main", durability: Durability = MEMORY) -> T:
        """Raises Unavailable, TryLater, Denied, BadData or BadConfig, as Redis refuses."""
        if durability is not MEMORY:
            said = await self._drive(self._durably.run(self._route, call, durability), lane)
            return call.answer(checked(said, self.address))
        node = self._route.lone
        if node is None:
            (answer,) = await self.run_many([call], lane)
            return answer
        outcome: Any  # of the straight way, as nearly always; the rest begins when that did not do
        try:
            (said,) = outcome = await self._lane(lane, node).talk([evalsha(call)])
            if not isinstance(said, Refusal):
                return call.answer(said)
        except (OSError, Refusal) as error:
            outcome = error
        ((said,),) = await self._drive(run_calls(self._route, [call]), lane, outcome=outcome)
        return call.answer(checked(said, self.address))

    async def run_many(self, calls: Sequence[Call[T]], lane: str = "main") -> list[T]:
        """One round trip for many. Each call is atomic, the whole is not."""
        answers = await self._drive(run_calls(self._route, calls), lane)
        return [call.answer(checked(raw, self.address)) for call, (raw,) in zip(calls, answers, strict=True)]

    async def ask(self, ask: Ask[T], lane: str = "main", node: Address | None = None) -> T:
        """``node``: ask this very server, wherever keys live. Raises as `run` does."""
        talk = run_ask(self._route, ask) if node is None else run_at(node, ask)
        answers = await self._drive(talk, lane, node) if ask.commands else []
        return ask.answer([checked(raw, node or self.address) for raw in answers])

    async def masters(self) -> list[Address]:
        """Every server that has a part of the keys. Raises as `run` does."""
        return await self._drive(masters(self._route), "main")

    async def homes(self, keys: Sequence[str]) -> list[Address]:
        """Where each of these keys lives."""
        return await self._drive(self._route.locate(keys), "main")

    async def wait(self, all_keys: Sequence[Keys], seconds: float) -> bool:
        """Block for a wake token in any of these queues; a connection that overstays is thrown away."""
        tokens = [keys["wake"] for keys in all_keys]
        if not self._route.scattered or len(tokens) == 1:
            return await self._wait(tokens, seconds)
        return await self._waits.first(tokens, seconds)

    async def _wait(self, tokens: Sequence[str], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds + self._timeout):
                return await self.ask(wait_for(tokens, seconds), "wait")
        except TimeoutError:
            return False

    async def _drive(self, talk: Talk[T], lane: str, node: Address | None = None, outcome: Any = None) -> T:
        """``outcome`` is that of the first step, if it was taken already."""
        try:
            step = next(talk) if outcome is None else resumed(talk, outcome)
            while True:
                if not isinstance(step, Send):
                    await asyncio.sleep(step.seconds)
                    step = next(talk)
                    continue
                try:
                    answers: Any = await self._lane(lane, step.node).talk(step.commands, step.patience)
                except (OSError, Refusal) as error:
                    step = talk.throw(error)
                else:
                    step = talk.send(answers)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        except (OSError, Refusal) as error:
            raise translate(error, str(node or self.address)) from error

    async def close(self) -> None:
        await self._waits.close()
        for lane in self._lanes.values():
            await lane.close()
