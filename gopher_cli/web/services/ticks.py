"""What a server does for schedules: due ticks become jobs also where no worker lives."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Sequence

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, GopherError, Unavailable
from gopher_cli.verbs.schedule.ticker import Ticker
from gopher_cli.web.server.problems import soon

_LOOK = 1.0  # seconds between two looks at ticks, if none is due before
# Seconds between two looks for queues that have schedules: without workers nobody waits for their jobs.
_QUEUES = 15.0
_BREATH = 0.02  # seconds between two looks, however soon the next tick is due
_log = logging.getLogger("gopher.web")


class Ticks:
    """Of all queues. One that is broken, or away in a cluster, keeps no other from its ticks."""

    def __init__(self, gopher: Gopher) -> None:
        self._gopher = gopher
        self._ticker = Ticker(gopher, _log.warning)
        self._queues: Sequence[str] = ()
        self._looked = -math.inf  # for queues, by our own clock
        self._wrong: dict[str, str] = {}  # by queue: what keeps it from its ticks, which was said

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            pause = _LOOK
            try:
                pause = await self.look()
            except GopherError:
                pass  # there is nothing to be done while Redis is away
            except Exception:
                _log.exception("the schedules could not be looked at")
            await asyncio.sleep(pause)

    async def look(self) -> float:
        """Tick what is due; in how many seconds the next look is wanted."""
        if time.monotonic() - self._looked >= _QUEUES:
            everywhere, self._looked = await soon(self._gopher.queues()), time.monotonic()
            self._queues = list((await self._heads(everywhere))[1])
        if not self._queues:
            return _LOOK
        now, heads = await self._heads(self._queues)
        self._ticker.note_clock(now)
        for queue, head in heads.items():
            if head <= now or self._ticker.must_check(queue):
                await self._tick(queue)
        next = min((head for head in heads.values() if head > now), default=math.inf)
        return min(_LOOK, max(_BREATH, (next - now) / 1000))

    async def _heads(self, queues: Sequence[str]) -> tuple[int, dict[str, float]]:
        """Redis's time, and when the first tick of each queue that can be asked is due (epoch ms)."""
        try:
            return await soon(self._gopher.tick_heads(queues))
        except GopherError as error:
            if not (isinstance(error, BadData) or self._gopher.store.scattered):
                raise
        looks = (soon(self._gopher.tick_heads([queue])) for queue in queues)
        answers = await asyncio.gather(*looks, return_exceptions=True)
        known = [answer for answer in answers if isinstance(answer, tuple)]
        if not known:
            raise Unavailable("no queue can be asked for its ticks")
        return known[0][0], {queue: head for _, heads in known for queue, head in heads.items()}

    async def _tick(self, queue: str) -> None:
        """Told of once, until it can be done again: there may be no worker to do so."""
        try:
            await soon(self._ticker.tick(queue))
        except GopherError as error:
            if self._wrong.get(queue) != str(error):
                _log.error("the schedules of %s do not tick: %s", queue, error)
            self._wrong[queue] = str(error)
        else:
            if self._wrong.pop(queue, None):
                _log.warning("the schedules of %s tick again", queue)
