"""History: how the queues went lately, and everything that was ever counted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.numbers.histogram import Cell, totals
from gopher_cli.model.numbers.series import DEPTHS, LONGEST, History, Steps, cells_by_step, history_of
from gopher_cli.model.schedule.schedule_state import ScheduleRow
from gopher_cli.model.totals import Totals
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.asks.samples import Sample, samples
from gopher_cli.verbs.read.stats import Counting, queue_stats
from gopher_cli.verbs.schedule.expects import Expects
from gopher_cli.verbs.schedule.schedule_rows import ScheduleRows


class Charting(Counting, Expects, ScheduleRows):
    async def sample(self, queue: str, *, now: str = "") -> bool:
        """Note how a queue stands, once a minute: whether it was noted now. Anybody may, at any time."""
        return await self.store.run(calls.sample(self.keys(queue), now=now), "beat")

    async def history(
        self, minutes: int = 60, *, queues: Sequence[str] = (), type: str = "", now_ms: int = 0
    ) -> History:
        """The last minutes (24 h at most) in steps of 1 min up to an hour, 5 min up to six, else hours.

        Raises NotFound for a queue that nobody has used, Usage for a time that is not kept.
        """
        if not 1 <= minutes <= LONGEST:
            raise Usage(f"a history spans 1 to {LONGEST} minutes, not {minutes}")
        keys = [self.keys(queue) for queue in await self.known_queues(queues)]
        steps = Steps.of(minutes, now_ms or await self.store.ask(ask.time_ms()))
        cells = await self.store.ask(ask.cells(keys))
        noted = await self.store.ask(samples(keys, steps.minutes))
        notes = [{at: _sizes(one) for at, one in of_queue.items()} for of_queue in noted]
        return history_of(steps, cells_by_step(cells, steps, type), notes)

    async def totals(self, queues: Sequence[str] = ()) -> dict[str, Cell]:
        """By type, every attempt that ever ended. It only grows. Raises NotFound for an unknown queue."""
        keys = [self.keys(queue) for queue in await self.known_queues(queues)]
        return totals(await self.store.ask(ask.cells(keys)))

    async def figures(self) -> Totals:
        """Queues, types, workers, the server and what is expected, as they are now."""
        seen, unreadable = await self._looked_at(await self.queues())
        return Totals(
            queues=[queue_stats(queue, depth) for queue, (depth, _) in seen.items()],
            types=totals([cells for _, cells in seen.values()]),
            workers=await self.workers(),
            server=await self.server(),
            unreadable=unreadable,
            schedules=[row for queue in seen for row in await self._schedules_in(queue)],
            expects=await self.expects(),
        )

    async def _schedules_in(self, queue: str) -> list[ScheduleRow]:
        """None where a key of theirs is foreign: the doctor says so."""
        with suppress(BadData):
            return await self.schedules_of([queue])
        return []


def _sizes(one: Sample) -> list[int]:
    return [*(getattr(one, state) for state in DEPTHS), one.oldest_age_ms]
