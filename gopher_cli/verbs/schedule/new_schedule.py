"""From what people give to a Schedule: every door makes its schedules here."""

from __future__ import annotations

from typing import Any

from gopher_cli.actor import ACTOR
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.payload import EMPTY
from gopher_cli.model.schedule.recurrence import BadSchedule, make_recurrence
from gopher_cli.model.schedule.schedule import Schedule, default_name, make_schedule
from gopher_cli.verbs.submit import new_job

_WHEN = ("cron", "tz", "every", "offset", "start", "until", "times", "jitter")
_POLICY = ("overlap", "catchup", "within", "pause_after")
_OF_JOBS = {
    "id": "the id of each job is made of the schedule's name and its instant",
    "due": "from says when a schedule begins", "delay": "jitter lets jobs begin later",
    "after": "the jobs of a schedule cannot wait for other jobs",
    "durability": "a schedule is as durable as the server", "parent": "a schedule has no parent",
}  # fmt: skip


def new_schedule(
    defaults: Defaults, name: str | None, type: str, payload: Any = EMPTY, **options: Any
) -> Schedule:
    """A checked schedule with the defaults filled in: see Gopher.set_schedule, also for what it raises."""
    when = {part: options.pop(part) for part in _WHEN if part in options}
    policy = {part: options.pop(part) for part in _POLICY if part in options}
    for option, why in _OF_JOBS.items():
        if options.pop(option, None) not in (None, (), []):
            raise BadSchedule(option, f"a schedule has no {option}: {why}", f"leave {option} out")
    if when.get("cron") is not None and when.get("tz") is None:
        when["tz"] = defaults.timezone
    job = new_job(defaults, type, payload, **options)
    recurrence = make_recurrence(key=f"{job.queue}/{name}", **when)
    if name is None:
        name = default_name(job.spec, job.queue, recurrence)
    return make_schedule(name, job.queue, job.spec, recurrence, by=ACTOR.get(), **policy)
