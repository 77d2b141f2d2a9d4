"""What all verbs stand on: the store, the names, the listeners."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gopher_cli.events import Event, Listener
from gopher_cli.model.defaults import Defaults
from gopher_cli.store import ask
from gopher_cli.store.keys import Keys, keys_of

if TYPE_CHECKING:
    from gopher_cli.store.redis import RedisStore

_LATELY = 10.0  # seconds


class Announced:
    """The queues that the fleet was told of lately: it may forget, or get another schema version."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def missing(self, queues: Iterable[str]) -> list[str]:
        now = time.monotonic()
        return [queue for queue in set(queues) if now - self._told.get(queue, -_LATELY) >= _LATELY]

    def add(self, queue: str) -> None:
        self._told[queue] = time.monotonic()

    def forget(self) -> None:
        self._told.clear()


class Base:
    store: RedisStore
    namespace: str
    defaults: Defaults
    listeners: list[Listener]
    _announced: Announced

    def keys(self, queue: str) -> Keys:
        return keys_of(self.namespace, queue)

    def emit(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    async def announce(self, queues: Iterable[str]) -> None:
        """Make queues known to the fleet before anything is stored in them. Raises Outdated."""
        for queue in self._announced.missing(queues):
            await self.store.ask(ask.add_queue(self.namespace, queue))
            self._announced.add(queue)
