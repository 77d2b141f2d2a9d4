"""How redis-py's connections to one server are to be made, sync and async alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff

from gopher_cli.store.url import Address

_CONNECT = 3.0  # seconds, at most


def _driver() -> dict[str, Any]:
    """What a server is told of redis-py. Some versions read theirs from a file anew for each connection."""
    try:
        from redis.driver_info import DriverInfo
    except ImportError:
        return {}
    return {"driver_info": DriverInfo(lib_version=redis.__version__)}


def connections(node: Address, timeout: float | None, library: Any, retry: Any) -> Callable[[], Any]:
    """A maker of connections. ``timeout`` (s) is for an answer; ``library`` holds the classes."""
    settings: dict[str, Any] = {
        "db": node.db,
        "username": node.username or None,
        "password": node.password or None,
        "socket_timeout": timeout,
        "socket_connect_timeout": min(_CONNECT, timeout or _CONNECT),
        "retry": retry(NoBackoff(), 0),
        "health_check_interval": 0,
        "protocol": 2,
        "client_name": "gopher",
        **_driver(),
    }
    if node.kind == "unix":
        return lambda: library.UnixDomainSocketConnection(path=node.path, **settings)
    host, port = node.hosts[0]
    settings |= {"host": host, "port": port, "socket_keepalive": True}
    settings |= {name: value for name, value in node.options if name.startswith("ssl_")}
    kind = library.SSLConnection if node.tls else library.Connection
    return lambda: kind(**settings)
