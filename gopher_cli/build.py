"""Build a Gopher from Settings: the one place where the parts are joined."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from gopher_cli.config import Settings
from gopher_cli.events import Listener
from gopher_cli.gopher import Gopher
from gopher_cli.model.defaults import Defaults
from gopher_cli.store.redis import RedisStore
from gopher_cli.store.url import Address, parse_url
from gopher_cli.sync import Producer, SyncStore


def address_of(settings: Settings) -> Address:
    """Where Redis is; starts the embedded server when nobody said. Raises Unavailable, BadConfig."""
    address = settings.address()
    if address is not None and address.kind != "embedded":
        return address
    from gopher_cli import embedded

    return embedded.ensure(settings.home, address.path if address else "default")


def defaults_of(settings: Settings) -> Defaults:
    return Defaults(
        queue=settings.queue,
        max_retries=settings.max_retries,
        timeout=settings.job_timeout,
        backoff=settings.backoff,
        retention=settings.result_retention,
        max_losses=settings.max_losses,
        lease=settings.lease,
    )


def furnish(gopher: Gopher, url: str | None = None, settings: Settings | None = None) -> None:
    """Give a Gopher its store, namespace and defaults."""
    settings = settings or Settings.resolve(os.environ)
    address = parse_url(url) if url else None
    if address is None or address.kind == "embedded":
        address = address_of(settings)
    gopher.store = RedisStore(address, timeout=settings.redis_timeout)
    gopher.namespace = settings.namespace
    gopher.defaults = defaults_of(settings)


def furnish_producer(
    producer: Producer, url: str | None = None, settings: Settings | None = None
) -> SyncStore:
    """The same for a Producer; answers its store."""
    settings = settings or Settings.resolve(os.environ)
    address = parse_url(url) if url else None
    if address is None or address.kind == "embedded":
        address = address_of(settings)
    producer.namespace = settings.namespace
    producer.defaults = defaults_of(settings)
    return SyncStore(address, timeout=settings.redis_timeout)


@asynccontextmanager
async def open_gopher(
    settings: Settings, *, listeners: Iterable[Listener] = (), check: bool = False
) -> AsyncIterator[Gopher]:
    """A Gopher that is closed at the end. ``check`` refuses a server that may lose jobs."""
    gopher = Gopher(listeners=listeners)
    furnish(gopher, settings=settings)
    try:
        if check:
            await gopher.check()
        yield gopher
    finally:
        await gopher.close()
