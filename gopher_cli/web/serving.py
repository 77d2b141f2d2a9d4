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
from fastapi import FastAPI

from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.model.errors import BadConfig, Refused, TryLater, Unavailable
from gopher_cli.web.app import create_app
from gopher_cli.web.clients import allow_many, prompt
from gopher_cli.web.logs import log_config
from gopher_cli.web.problems import soon
from gopher_cli.web.upkeep import stay_while_ours

_GRACE = 10  # seconds that open requests may take at the end
_log = logging.getLogger("gopher.web")


def run_server(settings: Settings, *, warning: str = "") -> int:
    """Serve until SIGTERM or SIGINT; 0 after a graceful end. ``warning`` goes into its log first.

    It ends by itself, with 78, when a newer gopher has taken the data over. Raises BadConfig for an
    address that needs a key, Refused for a port that is taken.
    """
    where = permitted(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app, log_config=log_config(settings), lifespan="on", ws="none",
        timeout_graceful_shutdown=_GRACE, server_header=False, proxy_headers=False,
        http=prompt(settings.server_read_timeout),
    )  # fmt: skip
    allow_many()
    if warning:
        _log.warning("%s", warning)
    asyncio.run(_check(settings))
    sockets = bind(where, settings)
    server = _Server(config, url_of(settings, sockets[0]), app, settings.heartbeat * 2)
    server.run(sockets)
    return server.exit_code if server.started else 1


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
            await soon(gopher.check(accept_eviction=settings.accepts_eviction, thorough=True))
    except (Unavailable, TryLater) as error:
        if not settings.redis_url:
            raise  # our own server: nobody else will start it
        _log.warning("%s", error)


class _Server(uvicorn.Server):
    """Says where it serves, and takes SIGTERM for an order, not for a death."""

    def __init__(self, config: uvicorn.Config, url: str, app: FastAPI, look: float) -> None:
        super().__init__(config)
        self.url = url
        self.exit_code = 0
        self._app = app
        self._look = look
        self._upkeep: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _log.info("serving %s", self.url)
            looking = stay_while_ours(self._app.state.gopher, self._look, self._leave)
            self._upkeep = asyncio.create_task(looking)

    def _leave(self, exit_code: int) -> None:
        self.exit_code, self.should_exit = exit_code, True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._upkeep:
            self._upkeep.cancel()
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
