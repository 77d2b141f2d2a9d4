"""The store of programs with threads: Calls and Asks on redis-py's blocking client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import redis
from redis.retry import Retry

from gopher_cli.model.job.durability import MEMORY, Durability
from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.calls.call import Call
from gopher_cli.store.connections.connection_options import connections
from gopher_cli.store.connections.lane import SyncLane
from gopher_cli.store.stores.sync_base import SyncStoreBase
from gopher_cli.store.url import Address

T = TypeVar("T")


class SyncStore(SyncStoreBase):
    """Runs Calls and Asks, blocking. Threads may share it."""

    def __init__(self, address: Address, *, timeout: float = 5.0) -> None:
        super().__init__(address, timeout=timeout)
        self._lanes: dict[tuple[Address, float], SyncLane] = {}

    def run(self, call: Call[T], durability: Durability = MEMORY) -> T:
        return self._run_one(call, durability)

    def ask(self, question: Ask[T]) -> T:
        return self._ask(question)

    def _send(self, node: Address, commands: Sequence[Sequence[Any]], patience: float) -> list[Any]:
        lane = self._lanes.get((node, patience))
        if lane is None:
            make = connections(node, patience, redis, Retry)
            lane = self._lanes.setdefault((node, patience), SyncLane(make, patience))
        return lane.talk(commands)

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.close()
