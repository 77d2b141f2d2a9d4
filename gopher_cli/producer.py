"""A Producer for synchronous programs: Flask, Django, scripts. The same Calls on a blocking client."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Any

import msgspec

from gopher_cli.connect import resolve
from gopher_cli.model.errors import NotFound
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import Job
from gopher_cli.model.job.make import checked
from gopher_cli.model.job.payload import EMPTY
from gopher_cli.store.asks import ask
from gopher_cli.store.calls.submit import Receipt
from gopher_cli.store.keyspace import keys_of
from gopher_cli.store.stores.threaded import SyncStore
from gopher_cli.verbs.core import Announced
from gopher_cli.verbs.parents import missing
from gopher_cli.verbs.submit import (
    being_cancelled,
    new_job,
    said_durability,
    submissions,
    wanted_durability,
)


class Producer:
    """Submits jobs from synchronous code. Safe to share between threads.

    Without a URL it takes the settings of the environment, and without those the embedded server::

        producer = Producer()
        id = producer.submit("email", {"to": "ann@example.com"})
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        store: SyncStore | None = None,
        namespace: str = "",
        defaults: Defaults | None = None,
    ) -> None:
        self.announced = Announced()
        if store is None:
            place = resolve(url, namespace=namespace, defaults=defaults)
            store, namespace, defaults = (
                SyncStore(place.address, timeout=place.timeout), place.namespace, place.defaults
            )  # fmt: skip
        self.store = store
        self.namespace = namespace or "gopher"
        self.defaults = defaults or Defaults()

    def submit(self, type: str, payload: Any = EMPTY, **options: Any) -> str:
        """Submit one job and answer its id; takes the options of Gopher.submit, and raises the same."""
        durability = said_durability(options)
        job = new_job(self.defaults, type, payload, **options)
        (receipt,) = self.submit_many([job], durability=durability)
        if receipt.stops:
            raise being_cancelled(receipt)
        if receipt.refused:
            raise NotFound(receipt.refused)
        return receipt.duplicate_of or receipt.id

    def submit_many(
        self, jobs: Sequence[Job], *, batch: str = "", marks: Sequence[int] = (), durability: str = ""
    ) -> list[Receipt]:
        """Submit jobs, 500 a round trip; what became of each, in order. See Gopher.submit_many."""
        jobs = [checked(job) for job in jobs]
        safely = wanted_durability(durability or self.defaults.durability)
        for queue in self.announced.missing(job.queue for job in jobs):
            self.announce(queue)
        receipts: dict[int, Receipt] = {}
        keys = partial(keys_of, self.namespace)
        for indexes, call in submissions(keys, jobs, batch=batch, marks=marks):
            receipts |= zip(indexes, self.store.run(call, safely), strict=True)
        for index, receipt in receipts.items():
            if receipt.missing:
                why = self._missing(jobs[index].queue, receipt.missing)
                receipts[index] = msgspec.structs.replace(receipt, refused=why)
        return [receipts[index] for index in range(len(jobs))]

    def _missing(self, queue: str, parent: str) -> str:
        names = self.store.ask(ask.queues(self.namespace))
        (holders,) = self.store.ask(ask.holders([keys_of(self.namespace, name) for name in names], [parent]))
        return missing(queue, parent, holders)

    def announce(self, queue: str) -> None:
        """Make a queue known to the fleet before anything is stored in it."""
        self.store.ask(ask.add_queue(self.namespace, queue))
        self.announced.add(queue)

    def job(self, type: str, payload: Any = EMPTY, **options: Any) -> Job:
        """A job for `submit_many`. Raises Usage or BadData."""
        return new_job(self.defaults, type, payload, **options)

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Producer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()
