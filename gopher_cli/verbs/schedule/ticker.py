"""What a process that lives long does for schedules: it ticks them, and says once what is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from gopher_cli.verbs.core import Core
from gopher_cli.verbs.schedule.ticks import restart_ticks, tick

_LEAP = 60_000.0  # ms: so far no clock is ever set back in everyday life


class Ticker:
    """``say`` hears what people should know. It keeps an eye on Redis's clock: see `note_clock`."""

    def __init__(self, core: Core, say: Callable[[str], None]) -> None:
        self._core, self._say = core, say
        self._told: dict[str, dict[str, str]] = {}  # by queue and schedule: what is wrong with it
        self._ahead: float | None = None  # ms, of Redis's clock to our own
        self._leaps = 0
        self._checked: dict[str, int] = {}  # by queue: how many leaps there were when it was looked at

    def note_clock(self, redis_ms: float) -> None:
        """Where that clock has been set back, ticks may lie far ahead: they are looked at again."""
        ahead = redis_ms - time.monotonic() * 1000
        if self._ahead is not None and ahead < self._ahead - _LEAP:
            self._leaps += 1
        self._ahead = ahead

    def must_check(self, queue: str) -> bool:
        """Whether ticks of this queue may lie far ahead: nobody has looked here since the clock went back."""
        return self._checked.get(queue) != self._leaps

    async def tick(self, queue: str) -> bool:
        """Tick what is due; whether some schedule cannot be read here. Raises as the verb `tick` does."""
        if self.must_check(queue):
            leaps = self._leaps
            for name in await restart_ticks(self._core, queue):
                self._say(f"the schedule {name} of {queue} counts from now on: the clock had been far ahead")
            self._checked[queue] = leaps
        ticks = await tick(self._core, queue, rest=lambda: asyncio.sleep(0))
        for name in ticks.paused:
            self._say(f"the schedule {name} of {queue} has paused itself: its last runs are dead")
        known = self._told.get(queue, {})
        for name, problem in ticks.problems.items():
            if known.get(name) != problem:
                self._say(f"the schedule {name} of {queue} is left to other hosts: {problem}")
        self._told[queue] = ticks.problems
        return bool(ticks.problems)
