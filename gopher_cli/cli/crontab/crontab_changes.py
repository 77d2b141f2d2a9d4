"""What an import changes: by schedule, whether it is new, another, or the same; and all of it, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.crontab.crontab_jobs import Recurring
from gopher_cli.model.errors import Conflict, GopherError, TooMany
from gopher_cli.model.schedule.schedule import MOST

if TYPE_CHECKING:
    from gopher_cli.model.schedule.schedule import Schedule
    from gopher_cli.verbs.protocol import Verbs

_OF_NO_MATTER = ("by", "origin", "name", "queue")


async def changes(gopher: Verbs, jobs: Sequence[Recurring], options: dict[str, Any]) -> list[str]:
    """For each, in order: created, changed or unchanged. Raises BadSchedule, Usage, Conflict, or
    TooMany schedules."""
    from gopher_cli.verbs.schedule.new_schedule import new_schedule

    schedules = [
        new_schedule(gopher.defaults, job.name, job.type, job.payload, **options, **job.options())
        for job in jobs
    ]
    queue = schedules[0].queue
    known = {row.name: row.schedule for row in await gopher.schedules() if row.queue == queue}
    if len(known.keys() | {schedule.name for schedule in schedules}) > MOST:
        raise TooMany(
            f"the queue {queue} would have more than {MOST} schedules", "use several queues: -Q QUEUE"
        )
    return [
        _change(known[schedule.name], schedule) if schedule.name in known else "created"
        for schedule in schedules
    ]


def _change(known: Schedule | None, schedule: Schedule) -> str:
    """Raises Conflict for a schedule that comes from elsewhere: it would be lost."""
    if known is None or known.spec.type != schedule.spec.type:
        message = (
            f"the schedule {schedule.name} of {schedule.queue} is there already, and is not of this crontab"
        )
        raise Conflict(message, "add --prefix TEXT for other names, or use another queue: -Q QUEUE")
    return "unchanged" if _definition(known) == _definition(schedule) else "changed"


def _definition(schedule: Schedule) -> dict[str, Any]:
    from gopher_cli.model.schedule.schedule_view import definition_view

    view = definition_view(schedule)
    return {name: value for name, value in view.items() if name not in _OF_NO_MATTER}


async def set_all(gopher: Verbs, jobs: Sequence[Recurring], options: dict[str, Any]) -> list[str]:
    """The same, done. Where one fails, those that were made before it are taken away again."""
    await changes(gopher, jobs, options)  # whatever makes no sense is refused before the first one
    done: dict[str, str] = {}
    try:
        for job in jobs:
            change = await gopher.set_schedule(job.name, job.type, job.payload, **options, **job.options())
            done[change.name] = change.change
            options = options | {"queue": change.queue}
    except GopherError:
        for name in (name for name, change in done.items() if change == "created"):
            await gopher.drop_schedule(name, options["queue"])
        raise
    return list(done.values())
