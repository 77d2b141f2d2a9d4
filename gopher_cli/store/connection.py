"""How redis-py is to connect, for the sync and the async client alike."""

from __future__ import annotations

from typing import Any

from redis.backoff import NoBackoff

from gopher_cli.model.errors import BadConfig
from gopher_cli.store.url import Address


def connection_settings(address: Address, timeout: float | None, retry: Any) -> dict[str, Any]:
    """Arguments for Redis(...). ``timeout`` (s) is for an answer; ``retry`` is the client's Retry class.

    redis-py repeats commands by itself unless told otherwise, and that would double some of them.
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
    }
    if address.kind == "unix":
        return settings | {"unix_socket_path": address.path}
    if address.kind != "standalone":
        raise BadConfig(
            f"{address} cannot be used yet: gopher talks to one Redis server",
            "use redis://host:port/db",
        )
    host, port = address.hosts[0]
    settings |= {"host": host, "port": port, "socket_keepalive": True}
    if address.tls:
        settings |= {"ssl": True}
    known = {name: value for name, value in address.options if name.startswith("ssl_")}
    return settings | known
