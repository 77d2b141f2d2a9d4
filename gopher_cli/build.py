"""Build a Gopher from Settings: the one place where the parts are joined."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gopher_cli.config import Settings
from gopher_cli.events import Listener
from gopher_cli.gopher import Gopher
from gopher_cli.model.defaults import Defaults
from gopher_cli.store.lines.wire import WireStore
from gopher_cli.store.url import Address, parse_url

if TYPE_CHECKING:
    from gopher_cli.sync import Producer

T = TypeVar("T")


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
        durability=settings.durability,
    )


def resolve(
    client: Gopher | Producer, url: str | None = None, settings: Settings | None = None
) -> tuple[Address, float]:
    """Where a client's Redis is, and its time-out (s); what its maker left open is filled in."""
    settings = settings or Settings.resolve(os.environ)
    address = parse_url(url) if url else None
    if address is None or address.kind == "embedded":
        address = address_of(settings)
    namespace, defaults = client.given
    client.namespace = namespace or settings.namespace
    client.defaults = defaults or defaults_of(settings)
    return address, settings.redis_timeout


def furnish(gopher: Gopher, url: str | None = None, settings: Settings | None = None) -> None:
    """Give a Gopher its store, and what else its maker left open."""
    from gopher_cli.store.redis import RedisStore

    address, timeout = resolve(gopher, url, settings)
    gopher.store = RedisStore(address, timeout=timeout)


@asynccontextmanager
async def open_gopher(
    settings: Settings, *, listeners: Iterable[Listener] = (), check: bool = False
) -> AsyncIterator[Gopher]:
    """A Gopher that is closed at the end. ``check`` refuses a server that may lose jobs."""
    gopher = Gopher(listeners=listeners)
    furnish(gopher, settings=settings)
    try:
        if check:
            await gopher.check(accept_eviction=settings.accepts_eviction, thorough=True)
        yield gopher
    finally:
        await gopher.close()


def run_once(settings: Settings, work: Callable[[Gopher], Coroutine[Any, Any, T]]) -> T:
    """Run a piece of work that waits for nothing but Redis, and be done.

    On a plain connection that needs neither redis-py nor an event loop, whose loading takes longer
    than the work itself.
    """
    address = address_of(settings)
    if not WireStore.speaks_to(address):
        import asyncio

        return asyncio.run(_run(settings, work))
    store = WireStore(address, timeout=settings.redis_timeout)
    gopher = Gopher(store=cast("Any", store), namespace=settings.namespace, defaults=defaults_of(settings))
    try:
        return stepped(work(gopher))
    finally:
        stepped(store.close())


async def _run(settings: Settings, work: Callable[[Gopher], Coroutine[Any, Any, T]]) -> T:
    async with open_gopher(settings) as gopher:
        return await work(gopher)


def stepped(work: Coroutine[Any, Any, T]) -> T:
    """The answer of a coroutine that never suspends."""
    try:
        work.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    work.close()
    raise RuntimeError("this work waits for something: it needs an event loop")
