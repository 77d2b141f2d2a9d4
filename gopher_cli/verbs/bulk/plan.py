"""The plan of an action on many jobs: what is to be done, how far it came, and when it may go on."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gopher_cli.model.errors import Usage
from gopher_cli.model.select.actions import Action
from gopher_cli.model.select.bulk import Bulk
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.asks import ask
from gopher_cli.verbs.core import SLICE
from gopher_cli.verbs.select.merge import Cursor

if TYPE_CHECKING:
    from gopher_cli.store.stores.redis_store import RedisStore

_LONGEST_WAIT = 366 * 86400 * 1000  # ms


@dataclass(frozen=True, slots=True)
class Plan:
    """An action, and the jobs that it is for: how many at most, into which queue, how many a second.

    0, and no queue, is as it comes.
    """

    action: Action
    filter: Filter
    limit: int = 0
    target: str = ""
    rate: float = 0.0

    @property
    def audited(self) -> str:
        return "move" if self.target else self.action.audit_all or self.action.audit

    def next(self, done: Bulk) -> int:
        """How many come next: a slice, of a second's worth where there is a rate; 0 at the limit."""
        most = max(1, min(SLICE, int(self.rate))) if self.rate else SLICE
        return max(0, min(most, self.limit - done.seen)) if self.limit else most


@dataclass(slots=True)
class Progress:
    """How far an action came: when it began, from when on the next job may run (both ms), what was passed."""

    since: int
    passed: Cursor
    free_at: int = 0
    more: bool = True

    @classmethod
    async def begun(cls, store: RedisStore) -> Progress:
        return cls(await store.ask(ask.time_ms()), Cursor(newest=False))

    @classmethod
    def read(cls, text: str) -> Progress:
        """Raises Usage for what is no cursor of an action."""
        if not (match := re.fullmatch(r"([0-9]{1,15})\.(?:([0-9]{1,15})\.)?(.+)", text, re.ASCII)):
            raise Usage("this cursor was not made here", "leave it out to begin at the beginning")
        return cls(int(match[1]), Cursor.read(match[3], newest=False), int(match[2] or 0))

    def text(self) -> str:
        return f"{self.since}.{self.free_at}.{self.passed.text()}" if self.more else ""

    async def slow_down(self, store: RedisStore, jobs: int, rate: float) -> None:
        """After so many jobs."""
        pause = min(jobs * 1000 / rate, _LONGEST_WAIT)
        self.free_at = await store.ask(ask.time_ms()) + round(pause)

    async def wait(self, store: RedisStore, until: float) -> float:
        """Wait until the next job may run. Where that takes too long: at once, the seconds that are left."""
        if not self.free_at:
            return 0.0
        wait = (self.free_at - await store.ask(ask.time_ms())) / 1000
        if wait > 0 and time.monotonic() + wait >= until:
            return wait
        if wait > 0:
            import asyncio  # late: a command that does not wait starts without it

            await asyncio.sleep(wait)
        return 0.0
