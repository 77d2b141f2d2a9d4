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
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.queues import known_queues, list_queues
from gopher_cli.verbs.read.fleet import list_workers, server
from gopher_cli.verbs.read.stats import queue_stats, readable_depths
from gopher_cli.verbs.schedule.expects import list_expects
from gopher_cli.verbs.schedule.schedule_rows import schedules_of


async def sample(core: Core, queue: str, *, now: str = "") -> bool:
    """Note how a queue stands, once a minute: whether it was noted now. Anybody may, at any time."""
    return await core.store.run(calls.sample(core.keys(queue), now=now), "beat")


async def history(
    core: Core, minutes: int = 60, *, queues: Sequence[str] = (), type: str = "", now_ms: int = 0
) -> History:
    """The last minutes (24 h at most) in steps of 1 min up to an hour, 5 min up to six, else hours.

    Raises NotFound for a queue that nobody has used, Usage for a time that is not kept.
    """
    if not 1 <= minutes <= LONGEST:
        raise Usage(f"a history spans 1 to {LONGEST} minutes, not {minutes}")
    keys = [core.keys(queue) for queue in await known_queues(core, queues)]
    steps = Steps.of(minutes, now_ms or await core.store.ask(ask.time_ms()))
    cells = await core.store.ask(ask.cells(keys))
    noted = await core.store.ask(samples(keys, steps.minutes))
    notes = [{at: _sizes(sample) for at, sample in of_queue.items()} for of_queue in noted]
    return history_of(steps, cells_by_step(cells, steps, type), notes)


async def type_totals(core: Core, queues: Sequence[str] = ()) -> dict[str, Cell]:
    """By type, every attempt that ever ended. It only grows. Raises NotFound for an unknown queue."""
    keys = [core.keys(queue) for queue in await known_queues(core, queues)]
    return totals(await core.store.ask(ask.cells(keys)))


async def figures(core: Core) -> Totals:
    """Queues, types, workers, the server and what is expected, as they are now."""
    seen, unreadable = await readable_depths(core, await list_queues(core))
    return Totals(
        queues=[queue_stats(queue, depth) for queue, (depth, _) in seen.items()],
        types=totals([cells for _, cells in seen.values()]),
        workers=await list_workers(core),
        server=await server(core),
        unreadable=unreadable,
        schedules=[row for queue in seen for row in await _schedules_in(core, queue)],
        expects=await list_expects(core),
    )


async def _schedules_in(core: Core, queue: str) -> list[ScheduleRow]:
    """None where a key of theirs is foreign: the doctor says so."""
    with suppress(BadData):
        return await schedules_of(core, [queue])
    return []


def _sizes(sample: Sample) -> list[int]:
    return [*(getattr(sample, state) for state in DEPTHS), sample.oldest_age_ms]
