"""What the doctor looks at of schedules."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.store.asks import schedules
from gopher_cli.verbs.doctor.schedule_findings import Planned
from gopher_cli.verbs.schedule.schedule_rows import ScheduleRows


class ScheduleCheck(ScheduleRows):
    async def planned(self, queues: Sequence[str]) -> list[Planned]:
        """The schedules and ticks of those of these queues that have any."""
        keys = [self.keys(queue) for queue in queues]
        names = await self.store.ask(schedules.names(keys)) if keys else []
        now, heads = await self.store.ask(schedules.heads(keys))
        found = []
        for queue, some, head in zip(queues, names, heads, strict=True):
            if some or head is not None:
                ticks = await self.store.ask(schedules.ticks(self.keys(queue)))
                found.append(Planned(queue, await self._rows(queue, some), ticks, now))
        return found
