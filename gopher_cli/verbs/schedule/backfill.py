"""Backfill: jobs for instants of a schedule that are over."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from uuid import uuid4

from gopher_cli.model.errors import BadData
from gopher_cli.model.facts import Operation
from gopher_cli.model.schedule.recurrence import BadSchedule, compact
from gopher_cli.model.schedule.schedule import Schedule
from gopher_cli.model.schedule.schedule_state import Backfill
from gopher_cli.store.asks import ask, schedules
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.schedule.schedule_rows import schedule_row
from gopher_cli.verbs.schedule.ticks import job_of
from gopher_cli.verbs.submit import submit_many

MOST_BACKFILL = 100_000
_PAGE = 500
_BYTES = 4_000_000  # of payloads that are in memory at once: a hundred thousand of 1 MB are not


async def backfill(
    core: Core, name: str, first: float, last: float, queue: str = "", *,
    overlap: str = "all", again: bool = False, dry_run: bool = False, most: int = MOST_BACKFILL,
    now: str = "",
) -> Backfill:  # fmt: skip
    """Make the jobs of all instants from ``first`` to ``last`` (epoch seconds, both count), 500 a call.

    What ran already, and is known still, is not run again; with ``again`` each gets a fresh id.
    Raises BadSchedule for what lies in the future, or is more than ``most``.
    """
    row = await schedule_row(core, name, queue)
    if overlap != "all":
        raise BadSchedule(
            "overlap", f"the overlap {overlap} of a backfill comes with a later release", "use all"
        )
    if row.schedule is None:
        raise BadData(row.problem)
    clock = int(now) if now else await core.store.ask(ask.time_ms())
    instants = _past(row.schedule, first, last, clock / 1000, most)
    id_of = _fresh if again else Schedule.job_id
    if dry_run:
        return await _foreseen(core, row.queue, [id_of(row.schedule, at) for at in instants])
    made, known = list[str](), list[str]()
    size = min(_PAGE, max(1, _BYTES // len(row.schedule.spec.payload)))
    try:
        for start in range(0, len(instants), size):
            some = instants[start : start + size]
            jobs = [job_of(row.schedule, at, id_of(row.schedule, at)) for at in some]
            for receipt in await submit_many(core, jobs, now=now):
                (made if receipt.accepted else known).append(receipt.id)
    finally:  # also of what ends halfway
        await core.record(Operation("backfill", f"{row.queue}/{name}", len(made)))
    return Backfill(tuple(made), tuple(known))


async def _foreseen(core: Core, queue: str, ids: Sequence[str]) -> Backfill:
    known: dict[str, str] = {}
    for start in range(0, len(ids), _PAGE):
        known |= await core.store.ask(schedules.states(core.keys(queue), ids[start : start + _PAGE]))
    return Backfill(tuple(id for id in ids if id not in known), tuple(id for id in ids if id in known))


def _past(schedule: Schedule, first: float, last: float, now: float, most: int) -> list[int]:
    if last > now:
        raise BadSchedule("to", "a backfill is for instants that are over", "give a time that is past as to")
    if last < first:
        raise BadSchedule("to", "to is before from", "give a later to")
    # Not counted to the end: a schedule of each minute has millions, and a server has others to answer.
    instants = list(islice(schedule.instants.between(first - 1e-3, last), most + 1))
    if len(instants) > most:
        raise BadSchedule("to", f"these are more than {most} instants", "do it in parts")
    return instants


def _fresh(schedule: Schedule, instant: int) -> str:
    return f"{schedule.name}:{compact(instant)}:{uuid4().hex[:8]}"
