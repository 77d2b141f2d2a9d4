"""What every store has: an address, and the way to where keys live."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.store.routing import route_to
from gopher_cli.store.routing.durable import Durably
from gopher_cli.store.url import Address


class StoreBase:
    def __init__(self, address: Address, *, timeout: float = 5.0) -> None:
        self.address = address
        self._timeout = timeout
        self._route = route_to(address)
        self._durably = Durably(timeout)

    @property
    def scattered(self) -> bool:
        """Whether queues live on several servers, of which each can be away by itself."""
        return self._route.scattered

    @property
    def sentinels(self) -> Sequence[Address]:
        """Those who tell of the master, if any do."""
        return self._route.sentinels
