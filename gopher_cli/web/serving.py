"""Running the HTTP server: where it may listen, how it starts, how it stops."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn

from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.model.errors import BadConfig, Refused, TryLater, Unavailable
from gopher_cli.web.app import create_app
from gopher_cli.web.logs import log_config
from gopher_cli.web.problems import soon

_GRACE = 10  # seconds that open requests may take at the end
_log = logging.getLogger("gopher.web")


def run_server(settings: Settings, *, warning: str = "") -> int:
    """Serve until SIGTERM or SIGINT; 0 after a graceful end. ``warning`` goes into its log first.

    Raises BadConfig for an address that needs a key, Refused for a port that is taken.
    """
    where = permitted(settings)
    config = uvicorn.Config(
        create_app(settings), log_config=log_config(settings), lifespan="on", ws="none",
        timeout_graceful_shutdown=_GRACE, server_header=False, proxy_headers=False,
    )  # fmt: skip
    if warning:
        _log.warning("%s", warning)
    asyncio.run(_check(settings))
    sockets = bind(where, settings)
    server = _Server(config, url_of(settings, sockets[0]))
    server.run(sockets)
    return 0 if server.started else 1


def permitted(settings: Settings) -> list[tuple[int, str]]:
    """(family, address) to listen on. Anything but this machine needs a key. Raises BadConfig."""
    host = settings.server_host.strip("[]")
    try:
        found = socket.getaddrinfo(host, settings.server_port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise BadConfig(
            f"there is no address {host}: {error.strerror}", "gopher serve --host localhost"
        ) from None
    where = list(dict.fromkeys((int(family), str(at[0])) for family, _, _, _, at in found))
    if not settings.api_key and not all(_is_here(address) for _, address in where):
        raise BadConfig(
            f"whoever reaches {host} could submit jobs: an API key is needed to listen there",
            "set API_KEY (or API_KEY_FILE), or listen on this machine: --host localhost",
        )
    return where


def _is_here(address: str) -> bool:
    return ip_address(address.partition("%")[0]).is_loopback


def bind(where: list[tuple[int, str]], settings: Settings) -> list[socket.socket]:
    """A socket on each address, all on one port. Raises Refused."""
    bound: list[socket.socket] = []
    failed: OSError | None = None
    port = settings.server_port
    for family, address in where:
        try:
            one = socket.create_server((address, port), family=family, backlog=2048)
        except OSError as error:
            failed = failed or error
            continue  # many machines name ::1 and do not have it
        port = one.getsockname()[1]
        bound.append(one)
    if not bound or (failed and failed.errno == errno.EADDRINUSE):
        for one in bound:
            one.close()
        assert failed
        where_to = f"{settings.server_host}:{settings.server_port}"
        raise Refused(
            f"cannot listen on {where_to}: {os.strerror(failed.errno or 0)}",
            "choose another port: gopher serve --port 8081",
        )
    return bound


def url_of(settings: Settings, bound: socket.socket) -> str:
    host = settings.server_host
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{host}:{bound.getsockname()[1]}"


async def _check(settings: Settings) -> None:
    """Refuse a server that may lose jobs. One that is away may come back: that is only said."""
    try:
        async with open_gopher(settings) as gopher:
            await soon(gopher.check(accept_eviction=settings.accepts_eviction))
    except (Unavailable, TryLater) as error:
        if not settings.redis_url:
            raise  # our own server: nobody else will start it
        _log.warning("%s", error)


class _Server(uvicorn.Server):
    """Says where it serves, and takes SIGTERM for an order, not for a death."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self.url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _log.info("serving %s", self.url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _log.info("stopping: open requests may finish")
        await super().shutdown(sockets)
        _log.info("stopped")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        # Told twice, it does not wait for open requests any more.
        self.force_exit = self.should_exit
        self.should_exit = True
