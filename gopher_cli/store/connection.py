"""How redis-py's connections are to be made for an Address, sync and async alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis.backoff import NoBackoff

from gopher_cli.model.errors import BadConfig
from gopher_cli.store.url import Address


def connections(address: Address, timeout: float | None, library: Any, retry: Any) -> Callable[[], Any]:
    """A maker of connections. ``timeout`` (s) is for an answer; ``library`` holds the classes.

    Raises BadConfig for an address that needs another client.
    """
    settings: dict[str, Any] = {
        "db": address.db,
        "username": address.username or None,
        "password": address.password or None,
        "socket_timeout": timeout,
        "socket_connect_timeout": 3.0,
        "retry": retry(NoBackoff(), 0),
        "health_check_interval": 0,
        "protocol": 2,
        "client_name": "gopher",
    }
    if address.kind == "unix":
        return lambda: library.UnixDomainSocketConnection(path=address.path, **settings)
    if address.kind != "standalone":
        raise BadConfig(
            f"{address} cannot be used yet: gopher talks to one Redis server",
            "use redis://host:port/db",
        )
    host, port = address.hosts[0]
    settings |= {"host": host, "port": port, "socket_keepalive": True}
    settings |= {name: value for name, value in address.options if name.startswith("ssl_")}
    kind = library.SSLConnection if address.tls else library.Connection
    return lambda: kind(**settings)
