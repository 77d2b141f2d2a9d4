"""The route for an address."""

from __future__ import annotations

from gopher_cli.store.routing.routes import Cluster, Route, Single
from gopher_cli.store.routing.sentinels import Sentinels
from gopher_cli.store.url import Address


def route_to(address: Address) -> Route:
    if address.kind == "sentinel":
        return Sentinels(address)
    return Cluster(address) if address.kind == "cluster" else Single(address)
