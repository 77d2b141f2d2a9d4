"""Whether Redis answers, and how many expected jobs are late: looked at now and then, for all who ask."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Denied, GopherError, Outdated, Unavailable
from gopher_cli.model.schedule.expect import LATE
from gopher_cli.web.server.problems import soon

_FRESH = 1.0  # seconds that an answer of Redis counts
_RECENT = 5.0  # seconds for which it counts how many jobs are late


class Readiness:
    """Looks at Redis once a second at most, for all who ask."""

    def __init__(self, gopher: Gopher) -> None:
        self._gopher = gopher
        self._looked_at = float("-inf")
        self._word = ""
        self._lock = asyncio.Lock()

    async def word(self) -> str:
        """connected, unreachable, denied, outdated or failing."""
        async with self._lock:
            if time.monotonic() - self._looked_at > _FRESH:
                self._word = await self._look()
                self._looked_at = time.monotonic()
        return self._word

    async def _look(self) -> str:
        try:
            await soon(self._gopher.queues())  # it looks at the version of the data as well
        except GopherError as error:
            return word_of(error)
        return "connected"


class Lateness:
    """How many expected jobs are late, looked at now and then: anybody may ask, and there may be many."""

    def __init__(self, gopher: Gopher) -> None:
        self._gopher = gopher
        self._looked_at = float("-inf")
        self._count: int | None = None
        self._lock = asyncio.Lock()

    async def count(self) -> int | None:
        """None where it cannot be told."""
        async with self._lock:
            if time.monotonic() - self._looked_at > _RECENT:
                self._count = None
                with suppress(GopherError):
                    self._count = sum(expect.state == LATE for expect in await soon(self._gopher.expects()))
                self._looked_at = time.monotonic()
        return self._count


def word_of(error: GopherError) -> str:
    match error:
        case Unavailable():
            return "unreachable"
        case Denied():
            return "denied"
        case Outdated():
            return "outdated"
    return "failing"
