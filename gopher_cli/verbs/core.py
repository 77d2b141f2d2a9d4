"""What all verbs stand on: the store, the names, the listeners, and the audit."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gopher_cli.actor import ACTOR
from gopher_cli.model.errors import GopherError
from gopher_cli.model.facts import Fact, Listener, Operation
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.store.asks import ask
from gopher_cli.store.keyspace import Keys, fleet_of, keys_of

if TYPE_CHECKING:
    from gopher_cli.store.stores.redis_store import RedisStore

SLICE = 500  # jobs in one call of a script, so that Redis never waits for one

_LATELY = 10.0  # seconds


@dataclass(slots=True)
class Draft:
    """An operation that goes on: what of it is done by now."""

    detail: str = ""
    changed: int = 0
    ids: Sequence[str] = ()

    def has_changed(self, ids: Sequence[str]) -> None:
        """These, of all that were named."""
        self.ids, self.changed = ids, len(ids)


_OUTER: ContextVar[Draft | None] = ContextVar("outer", default=None)  # of what is done within an operation


class Announced:
    """The queues that the fleet was told of lately: it may forget, or get another schema version."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self.new: set[str] = set()  # that nobody knew before

    def missing(self, queues: Iterable[str]) -> list[str]:
        now = time.monotonic()
        return [queue for queue in set(queues) if now - self._told.get(queue, -_LATELY) >= _LATELY]

    def add(self, queue: str, *, is_new: bool = False) -> None:
        self._told[queue] = time.monotonic()
        if is_new:
            self.new.add(queue)

    def forget(self, queue: str = "") -> None:
        """One queue, or all."""
        if queue:
            self._told.pop(queue, None)
            return
        self._told.clear()


class Core:
    """What the verbs have in common: where they work, for whom, and what they have heard."""

    store: RedisStore
    namespace: str
    defaults: Defaults
    listeners: list[Listener]
    announced: Announced
    awaits: dict[tuple[str, str], set[tuple[str, str]]]  # what outboxes wait for, see outbox.py

    def keys(self, queue: str) -> Keys:
        return keys_of(self.namespace, queue)

    async def announce(self, queues: Iterable[str]) -> None:
        """Make queues known to the fleet before anything is stored in them. Raises Outdated."""
        for queue in self.announced.missing(queues):
            is_new = await self.store.ask(ask.add_queue(self.namespace, queue))
            self.announced.add(queue, is_new=is_new)

    @property
    def new_queues(self) -> Collection[str]:
        """Those that nobody knew before they were announced here."""
        return self.announced.new

    def inform(self, fact: Fact) -> None:
        for listener in self.listeners:
            listener(fact)

    async def tell(self, operation: Operation) -> None:
        """Say once what was done, after it is done: in the audit, where somebody is known, and to listeners.

        Within an `operation` that is not told: it counts there.
        """
        if outer := _OUTER.get():
            outer.changed += operation.changed
            return
        if actor := ACTOR.get():
            await self._write_down(actor, operation)
        self.inform(operation)

    async def _write_down(self, actor: str, operation: Operation) -> None:
        from gopher_cli.store import calls  # late: most commands change nothing

        try:
            call = calls.append_audit(fleet_of(self.namespace), actor, operation, os.urandom(8).hex())
            await self.store.run(call)
        except GopherError as error:  # the operation is done, and its result is what counts
            import logging

            line = f"{actor}: {operation.action} {operation.target} ({operation.changed} changed)"
            logging.getLogger("gopher.audit").warning("not written into the audit: %s: %s", line, error)

    @asynccontextmanager
    async def operation(self, action: str, target: str, detail: str = "") -> AsyncIterator[Draft]:
        """All that is done in here is one operation, and told as one, also where it breaks off halfway."""
        draft, whole = Draft(detail), False
        outer = _OUTER.set(draft)
        try:
            yield draft
            whole = True
        finally:
            _OUTER.reset(outer)
            if whole or draft.changed:
                detail = draft.detail if whole else f"{draft.detail}; broken off".lstrip("; ")
                await self.tell(Operation(action, target, draft.changed, detail, tuple(draft.ids)))


def named(queue: str, ids: Sequence[str]) -> str:
    """Jobs as the audit names them."""
    more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
    return f"{queue}/{ids[0]}{more}" if ids else queue


def in_slices(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + SLICE] for start in range(0, len(ids), SLICE)]
