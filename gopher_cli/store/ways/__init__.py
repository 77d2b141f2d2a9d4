"""The route for an address."""

from __future__ import annotations

from gopher_cli.store.url import Address
from gopher_cli.store.ways.routing import Cluster, Route, Single
from gopher_cli.store.ways.sentinels import Sentinels


def route_to(address: Address) -> Route:
    if address.kind == "sentinel":
        return Sentinels(address)
    return Cluster(address) if address.kind == "cluster" else Single(address)
