"""Build a Gopher from Settings: the one place where the parts are joined."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gopher_cli.config import Settings
from gopher_cli.connect import Connection, resolve
from gopher_cli.gopher import Gopher
from gopher_cli.model.facts import Listener
from gopher_cli.store.stores.plain_socket import WireStore

if TYPE_CHECKING:
    from gopher_cli.store.stores.redis_store import RedisStore

T = TypeVar("T")


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

    from gopher_cli.embedded import server

    address, loop = settings.address(), asyncio.get_running_loop()
    came: asyncio.Future[bool] = loop.create_future()

    def tell(result: bool, error: Exception | None) -> None:
        if came.done():
            return
        came.set_exception(error) if error else came.set_result(result)

    def work() -> None:
        result, error = False, None
        try:
            result = server.revive(settings.home, address.path if address else "default")
        except Exception as failed:
            error = failed
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=work, name="gopher-revive", daemon=True).start()
    return await came


def gopher_on(
    connection: Connection, *, listeners: Iterable[Listener] = (), store: type[RedisStore] | None = None
) -> Gopher:
    """A Gopher with a store of its own; ``store`` is the kind of store, where it is to be a special one."""
    from gopher_cli.store.stores.redis_store import RedisStore  # late: short commands need no redis-py

    return Gopher(
        store=(store or RedisStore)(connection.address, timeout=connection.timeout),
        namespace=connection.namespace,
        defaults=connection.defaults,
        listeners=listeners,
    )


@asynccontextmanager
async def open_gopher(
    settings: Settings,
    *,
    listeners: Iterable[Listener] = (),
    check: bool = False,
    start: bool = True,
    store: type[RedisStore] | None = None,
) -> AsyncIterator[Gopher]:
    """A Gopher that is closed at the end; see `gopher_on`. ``check`` refuses a server that may lose jobs.

    Without ``start`` the embedded server is left as it is: what serves another process starts none.
    """
    gopher = gopher_on(resolve(settings=settings, start=start), listeners=listeners, store=store)
    try:
        if check:
            await gopher.check(accept_eviction=settings.accepts_eviction, thorough=True)
        yield gopher
    finally:
        await gopher.close()


def run_once(
    settings: Settings, work: Callable[[Gopher], Coroutine[Any, Any, T]], *, waits: bool = False
) -> T:
    """Run a piece of work, and be done.

    Unless it ``waits`` for more than Redis: on a plain connection that needs neither redis-py nor an event
    loop, whose loading takes longer than the work itself.
    """
    if waits or not WireStore.speaks_to((place := resolve(settings=settings)).address):
        import asyncio

        return asyncio.run(_run(settings, work))
    store = WireStore(place.address, timeout=place.timeout)
    gopher = Gopher(store=cast("Any", store), namespace=place.namespace, defaults=place.defaults)
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
