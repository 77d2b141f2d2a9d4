"""Build a Gopher from Settings: the one place where the parts are joined."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gopher_cli.config import Settings
from gopher_cli.events import Listener
from gopher_cli.gopher import Gopher
from gopher_cli.model.defaults import Defaults
from gopher_cli.model.errors import BadConfig
from gopher_cli.store.lines.wire import WireStore
from gopher_cli.store.url import Address, parse_url

if TYPE_CHECKING:
    from gopher_cli.store.redis import RedisStore
    from gopher_cli.sync import Producer

T = TypeVar("T")


def address_of(settings: Settings, *, start: bool = True) -> Address:
    """Where Redis is; starts the embedded server when nobody said. Raises Unavailable, BadConfig."""
    address = settings.address()
    if address is not None and address.kind != "embedded":
        return address
    from gopher_cli import embedded

    if start and address is None and os.environ.get("GOPHER_JOB_ID"):
        raise _unreachable_from_here()
    find = embedded.ensure if start else embedded.where
    return find(settings.home, address.path if address else "default")


def _unreachable_from_here() -> BadConfig:
    """In a program that a worker runs: a server of its own would take jobs that no worker ever sees."""
    return BadConfig(
        "inside of a job (GOPHER_JOB_ID is set) no server is started, and nobody says where Redis is",
        "set GOPHER_JOB_REDIS=yes for the worker whose address has a password, or REDIS_URL for this command",
    )


def is_embedded(settings: Settings) -> bool:
    address = settings.address()
    return address is None or address.kind == "embedded"


REVIVED = "the built-in server was gone: started again"


async def revive(settings: Settings) -> bool:
    """Start the embedded server if it has died, and nobody has stopped it. Raises Unavailable, BadConfig.

    In a thread that nobody waits for at the end: reading a large file of data takes minutes.
    """
    import asyncio  # late: few commands have a loop
    import threading

    from gopher_cli import embedded

    address, loop = settings.address(), asyncio.get_running_loop()
    came: asyncio.Future[bool] = loop.create_future()

    def tell(result: bool, error: Exception | None) -> None:
        if came.done():
            return
        came.set_exception(error) if error else came.set_result(result)

    def work() -> None:
        result, error = False, None
        try:
            result = embedded.revive(settings.home, address.path if address else "default")
        except Exception as failed:
            error = failed
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=work, name="gopher-revive", daemon=True).start()
    return await came


_DEFAULTS = {
    "queue": "queue", "max_retries": "max_retries", "timeout": "job_timeout", "backoff": "backoff",
    "retention": "result_retention", "max_losses": "max_losses", "lease": "lease", "durability": "durability",
    "timezone": "schedule_timezone",
}  # fmt: skip


def defaults_of(settings: Settings) -> Defaults:
    """Those that somebody has set, also to what they would be anyway; a program may set them, too."""
    unset, given = Defaults(), {}
    for name, setting in _DEFAULTS.items():
        value = getattr(settings, setting)
        if setting in settings.origins or value != getattr(unset, name):
            given[name] = value
    return Defaults(**given)


def resolve(
    client: Gopher | Producer, url: str | None = None, settings: Settings | None = None, *, start: bool = True
) -> tuple[Address, float]:
    """Where a client's Redis is, and its time-out (s); what its maker left open is filled in."""
    settings = settings or Settings.resolve(os.environ)
    address = parse_url(url) if url else None
    if address is None or address.kind == "embedded":
        address = address_of(settings, start=start)
    namespace, defaults = client.given
    client.namespace = namespace or settings.namespace
    client.defaults = defaults or defaults_of(settings)
    return address, settings.redis_timeout


def furnish(
    gopher: Gopher,
    url: str | None = None,
    settings: Settings | None = None,
    *,
    start: bool = True,
    store: type[RedisStore] | None = None,
) -> None:
    """Give a Gopher its store, and what else its maker left open; ``start`` as in `address_of`."""
    from gopher_cli.store.redis import RedisStore

    address, timeout = resolve(gopher, url, settings, start=start)
    gopher.store = (store or RedisStore)(address, timeout=timeout)


@asynccontextmanager
async def open_gopher(
    settings: Settings,
    *,
    listeners: Iterable[Listener] = (),
    check: bool = False,
    start: bool = True,
    store: type[RedisStore] | None = None,
) -> AsyncIterator[Gopher]:
    """A Gopher that is closed at the end. ``check`` refuses a server that may lose jobs.

    Without ``start`` the embedded server is left as it is: what serves another process starts none.
    ``store`` is the kind of store, where it is to be a special one.
    """
    gopher = Gopher(listeners=listeners)
    furnish(gopher, settings=settings, start=start, store=store)
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
