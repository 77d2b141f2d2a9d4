"""Gopher: the verbs, joined, and the handlers that an application registers on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from gopher_cli.handlers import Registry
from gopher_cli.model.facts import Listener
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.payload import EMPTY
from gopher_cli.verbs.access import Access
from gopher_cli.verbs.bulk.bulk import Bulking
from gopher_cli.verbs.core import Announced
from gopher_cli.verbs.doctor import Doctoring
from gopher_cli.verbs.idempotency import Replying
from gopher_cli.verbs.read.failure_groups import Grouping
from gopher_cli.verbs.read.history import Charting
from gopher_cli.verbs.read.job_contents import JobContents
from gopher_cli.verbs.read.watch import Watching
from gopher_cli.verbs.remove_queue import Removal
from gopher_cli.verbs.reschedule import Rescheduling
from gopher_cli.verbs.schedule.backfill import BackfillVerb
from gopher_cli.verbs.schedule.declare import DeclareVerb
from gopher_cli.verbs.schedule.expects import Expects
from gopher_cli.verbs.submit import Producing
from gopher_cli.verbs.work import Working

if TYPE_CHECKING:
    from gopher_cli.store.stores.redis_store import RedisStore

F = TypeVar("F", bound=Callable[..., Any])


class Gopher(
    BackfillVerb, DeclareVerb, Producing, Replying, Working, Bulking, Rescheduling, JobContents, Charting,
    Grouping, Access, Watching, Doctoring, Removal, Expects,
):  # fmt: skip
    """A job queue on Redis. Every door (CLI, HTTP, worker, your program) calls these verbs.

    As an application object it needs nothing: ``app = Gopher()``, and ``@app.handler("email")``.
    As a client, use it as an async context manager; without a URL it takes the settings of the
    environment, and without those the embedded server::

        async with Gopher("redis://localhost") as gopher:
            id = await gopher.submit("email", {"to": "ann@example.com"})
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        store: RedisStore | None = None,
        namespace: str = "",
        defaults: Defaults | None = None,
        listeners: Iterable[Listener] = (),
    ) -> None:
        self._asked = (url, namespace, defaults)
        self.registry = Registry()
        self.namespace = namespace or "gopher"
        self.defaults = defaults or Defaults()
        self.listeners = list(listeners)
        self._announced = Announced()
        self._awaits = {}
        if store is not None:
            self.store = store

    def handler(self, type: str, **options: Any) -> Callable[[F], F]:
        """Register a function for a type of job; see Registry.handler."""
        return self.registry.handler(type, **options)

    def schedule(self, name: str, type: str = "", payload: Any = EMPTY, **options: Any) -> Callable[[F], F]:
        """Declare a recurring job, which workers set at their start; see Registry.schedule::

        @app.schedule("nightly", cron="0 3 * * *", tz="Europe/Berlin")
        @app.handler("report")
        def report() -> None: ...

        app.schedule("poll", "poll", {"of": "mail"}, every=30)
        """
        return self.registry.schedule(name, type, payload, **options)

    async def __aenter__(self) -> Gopher:
        if not hasattr(self, "store"):
            from gopher_cli.connect import resolve  # late: an application object needs neither
            from gopher_cli.store.stores.redis_store import RedisStore

            url, namespace, defaults = self._asked
            place = resolve(url, namespace=namespace, defaults=defaults)
            self.store = RedisStore(place.address, timeout=place.timeout)
            self.namespace, self.defaults = place.namespace, place.defaults
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self.store.close()
