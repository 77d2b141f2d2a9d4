"""Running the HTTP server: where it may listen, how it starts, how it stops."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.model.errors import Refused, TryLater, Unavailable
from gopher_cli.process_setup import TOGETHER, freeze_loaded, heeded, reset_signals
from gopher_cli.web.app import Application, create_app
from gopher_cli.web.auth.bind_policy import is_exposed, permitted
from gopher_cli.web.server.connection import connection
from gopher_cli.web.server.logs import log_config
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.background import look_after

_GRACE = 10  # seconds that open requests may take at the end
_FILES = 65536
_log = logging.getLogger("gopher.web")


def run_server(settings: Settings, *, warning: str = "") -> int:
    """Serve until SIGTERM or SIGINT; 0 after a graceful end. ``warning`` goes into its log first.

    It ends by itself, with 78, when a newer gopher has taken the data over. Raises BadConfig for an
    address that needs a key, Refused for a port that is taken.
    """
    where = permitted(settings)
    reset_signals()
    app = create_app(settings, exposed=is_exposed(where))
    config = uvicorn.Config(
        app, log_config=log_config(settings), access_log=False, lifespan="on", ws="none",
        timeout_graceful_shutdown=_GRACE, server_header=False, proxy_headers=False,
        http=connection(settings.server_read_timeout, settings.server_write_timeout),
        ssl_certfile=settings.server_tls_cert or None, ssl_keyfile=settings.server_tls_key or None,
        ssl_ciphers="DEFAULT",
    )  # fmt: skip
    _allow_many()
    if warning:
        _log.warning("%s", warning)
    if is_exposed(where) and settings.auth == "open-to-everyone":
        _log.warning(
            "everybody who reaches %s may do everything here: AUTH is open-to-everyone", settings.server_host
        )
    asyncio.run(_check(settings))
    sockets = bind(where, settings)
    server = _Server(config, url_of(settings, sockets[0]), app, settings.heartbeat * 2, settings.server_drain)
    server.run(sockets)
    return server.exit_code if server.started else 1


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
    scheme = "https" if settings.server_tls_cert else "http"
    return f"{scheme}://{host}:{bound.getsockname()[1]}"


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

    def __init__(self, config: uvicorn.Config, url: str, app: Application, look: float, drain: float) -> None:
        super().__init__(config)
        self.url = url
        self.exit_code = 0
        self._told = float("-inf")  # when the last order to stop came
        self._app = app
        self._look = look
        self._drain = drain
        self._upkeep: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            freeze_loaded()
            _log.info("serving %s", self.url)
            looking = look_after(self._app.services, self._look, self._leave)
            self._upkeep = asyncio.create_task(looking)

    def _leave(self, exit_code: int) -> None:
        self.exit_code, self.should_exit = exit_code, True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._upkeep:
            self._upkeep.cancel()
        _log.info("stopping: open requests may finish")
        lifecycle = self._app.lifecycle
        lifecycle.draining = lifecycle.ending = True  # whoever waits for a job waits no more
        self._app.services.event_feed.close()  # streams have no end of their own
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()  # else it would be cancelled, with a traceback
        _log.info("stopped")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in heeded(signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop)
        for number in heeded(signal.SIGUSR1, signal.SIGUSR2):
            loop.add_signal_handler(number, lambda: None)
        yield

    def _stop(self) -> None:
        # Told twice, it does not wait for open requests any more. Two orders at one moment are one.
        now = time.monotonic()
        if now - self._told < TOGETHER:
            return
        self._told = now
        self.force_exit = self.should_exit
        if self._app.lifecycle.draining or not self._drain:
            self._end()
        else:
            _log.info("leaving in %gs: /readyz says so", self._drain)
            asyncio.get_running_loop().call_later(self._drain, self._end)
        self._app.lifecycle.draining = True

    def _end(self) -> None:
        self._app.lifecycle.draining = self.should_exit = True


def _allow_many() -> None:
    """Each connection takes a file, and most systems let a process begin with 1024 of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < limit:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
