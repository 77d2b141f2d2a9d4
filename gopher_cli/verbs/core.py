"""What all verbs stand on: the store, the names, the listeners, and the audit."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gopher_cli.actor import ACTOR
from gopher_cli.model.errors import GopherError
from gopher_cli.model.facts import Event, Listener
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.store.asks import ask
from gopher_cli.store.keyspace import Keys, fleet_of, keys_of

if TYPE_CHECKING:
    from gopher_cli.store.stores.redis_store import RedisStore

SLICE = 500  # jobs in one call of a script, so that Redis never waits for one

_LATELY = 10.0  # seconds
_SHORT = 500  # characters of a word that goes into the audit


@dataclass(slots=True)
class Deed:
    """What somebody is doing: how much of it is done by now."""

    changed: int = 0
    detail: str = ""


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

    def emit(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    async def announce(self, queues: Iterable[str]) -> None:
        """Make queues known to the fleet before anything is stored in them. Raises Outdated."""
        for queue in self.announced.missing(queues):
            is_new = await self.store.ask(ask.add_queue(self.namespace, queue))
            self.announced.add(queue, is_new=is_new)

    @property
    def new_queues(self) -> Collection[str]:
        """Those that nobody knew before they were announced here."""
        return self.announced.new

    async def audit(self, action: str, target: str, *, changed: int, detail: str = "") -> None:
        """Write down who did what, after the action. Nobody is known: nothing is written."""
        if not (actor := ACTOR.get()):
            return
        from gopher_cli.model.events import AuditEntry  # late: most commands change nothing
        from gopher_cli.model.text.timestamp import Instant
        from gopher_cli.store import calls

        entry = AuditEntry("", Instant(0), actor[:_SHORT], action, target[:_SHORT], changed, detail[:_SHORT])
        try:
            await self.store.run(calls.append_audit(fleet_of(self.namespace), entry, os.urandom(8).hex()))
        except GopherError as error:  # the action is done, and its result is what counts
            import logging

            said = f"{actor}: {action} {target} ({changed} changed)"
            logging.getLogger("gopher.audit").warning("not written into the audit: %s: %s", said, error)

    @asynccontextmanager
    async def recorded(self, action: str, target: str, detail: str = "") -> AsyncIterator[Deed]:
        """All that is done in here is one action in the audit, also where it breaks off half-way."""
        deed, silence, whole = Deed(detail=detail), ACTOR.set(""), False
        try:
            yield deed
            whole = True
        finally:
            ACTOR.reset(silence)
            if whole or deed.changed:
                said = deed.detail if whole else f"{deed.detail}; broken off".lstrip("; ")
                await self.audit(action, target, changed=deed.changed, detail=said)


def named(queue: str, ids: Sequence[str]) -> str:
    """Jobs as the audit names them."""
    more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
    return f"{queue}/{ids[0]}{more}" if ids else queue


def in_slices(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + SLICE] for start in range(0, len(ids), SLICE)]
