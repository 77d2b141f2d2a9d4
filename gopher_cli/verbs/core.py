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
class OpenOperation:
    """One that goes on: what of it is done by now."""

    detail: str = ""
    changed: int = 0
    ids: Sequence[str] = ()

    def set_changed(self, ids: Sequence[str]) -> None:
        """These, of all that were named."""
        self.ids, self.changed = ids, len(ids)


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
        """What is done is done, whatever a listener makes of it."""
        for listener in self.listeners:
            try:
                listener(fact)
            except Exception:
                import logging

                logging.getLogger("gopher").exception("a listener failed")

    async def record(self, operation: Operation) -> None:
        """Say once what was done, after it is done: in the audit, where somebody is known, and to listeners
        if it has changed something.

        Within an `operation` of the same core that is not recorded: it counts there.
        """
        core, outer = _OUTER.get()
        if outer and core is self:
            outer.changed += operation.changed
            return
        if actor := ACTOR.get():
            await self._write_down(actor, operation)
        if operation.changed:
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
    async def operation(self, action: str, target: str, detail: str = "") -> AsyncIterator[OpenOperation]:
        """All that is done in here is one operation, and told as one, also where it breaks off halfway."""
        open_operation, whole = OpenOperation(detail), False
        outer = _OUTER.set((self, open_operation))
        try:
            yield open_operation
            whole = True
        finally:
            _OUTER.reset(outer)
            if whole or open_operation.changed:
                detail = (
                    open_operation.detail if whole else f"{open_operation.detail}; broken off".lstrip("; ")
                )
                await self.record(
                    Operation(action, target, open_operation.changed, detail, tuple(open_operation.ids))
                )


# Of what is done within an operation: whose it is, and what of it is done.
_OUTER: ContextVar[tuple[Core | None, OpenOperation | None]] = ContextVar("outer", default=(None, None))


def named(queue: str, ids: Sequence[str]) -> str:
    """Jobs as the audit names them."""
    more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
    return f"{queue}/{ids[0]}{more}" if ids else queue


def in_slices(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + SLICE] for start in range(0, len(ids), SLICE)]
