"""What all verbs stand on: the store, the names, the listeners."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gopher_cli.events import Event, Listener
from gopher_cli.model.defaults import Defaults
from gopher_cli.store import ask
from gopher_cli.store.keys import Keys, keys_of

if TYPE_CHECKING:
    from gopher_cli.store.redis import RedisStore


class Base:
    store: RedisStore
    namespace: str
    defaults: Defaults
    listeners: list[Listener]
    _announced: set[str]

    def keys(self, queue: str) -> Keys:
        return keys_of(self.namespace, queue)

    def emit(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    async def announce(self, queues: Iterable[str]) -> None:
        """Make queues known to the fleet before anything is stored in them."""
        for queue in set(queues) - self._announced:
            await self.store.ask(ask.add_queue(self.namespace, queue))
            self._announced.add(queue)
