"""What the doctor looks at of schedules."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.store.asks import schedules
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.doctor.schedule_findings import Planned
from gopher_cli.verbs.schedule.schedule_rows import rows_in


async def planned(core: Core, queues: Sequence[str]) -> list[Planned]:
    """The schedules and ticks of those of these queues that have any."""
    keys = [core.keys(queue) for queue in queues]
    names = await core.store.ask(schedules.names(keys)) if keys else []
    now, heads = await core.store.ask(schedules.heads(keys))
    by_queue = []
    for queue, some, head in zip(queues, names, heads, strict=True):
        if some or head is not None:
            ticks = await core.store.ask(schedules.ticks(core.keys(queue)))
            by_queue.append(Planned(queue, await rows_in(core, queue, some), ticks, now))
    return by_queue
