"""Schedules: operators define recurring jobs, and look after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from gopher_cli.actor import ACTOR
from gopher_cli.model.errors import BadData, Changed, NotFound, TooMany, TryLater, Unfinished
from gopher_cli.model.facts import Operation
from gopher_cli.model.hints import LIST_SCHEDULES, Hint
from gopher_cli.model.job.payload import EMPTY
from gopher_cli.model.job.value_checks import check_text
from gopher_cli.model.schedule.recurrence import BadSchedule
from gopher_cli.model.schedule.schedule import MOST, Schedule, is_of_a_wrong_clock
from gopher_cli.model.schedule.schedule_state import ScheduleChange, ScheduleRow, Standing
from gopher_cli.store import calls
from gopher_cli.store.asks import schedules
from gopher_cli.store.asks.schedules import Stored
from gopher_cli.store.calls.submit import head_of
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.schedule.new_schedule import new_schedule
from gopher_cli.verbs.schedule.schedule_rows import read_schedule, row_of, schedule_row
from gopher_cli.verbs.schedule.ticks import TRIES, job_of, tick


async def set_schedule(
    core: Core, name: str | None, type: str, payload: Any = EMPTY, *, now: str = "",
    revision: int | None = None, **options: Any,
) -> ScheduleChange:  # fmt: skip
    """Define a recurring job, or change it. The same definition again changes nothing.

    Without a name it has one that is made of its type, payload, queue and when: see `default_name`.

    When: ``cron`` and ``tz`` (without it the setting SCHEDULE_TIMEZONE), or ``every`` and ``offset``
    (whole seconds); ``start`` and ``until`` (epoch seconds), ``times``, ``jitter`` (seconds). Policies:
    ``overlap`` (skip, all), ``catchup`` (once, skip, all:N), ``within`` (seconds), ``pause_after``. The
    other options are those of `submit` that say what each job is. Another when counts from now on, once
    its due ticks are done; else the next one stays. With ``revision`` only what is still of this one is
    changed; of 0 is what is not there.

    Raises BadSchedule or Usage for what makes no sense, TooMany schedules of a queue, Changed,
    TryLater.
    """
    schedule = make_schedule(core, name, type, payload, **options)
    return await put_schedule(core, schedule, now=now, revision=revision)


async def put_schedule(
    core: Core, schedule: Schedule, *, now: str = "", revision: int | None = None
) -> ScheduleChange:
    """Define exactly this one, whatever the defaults are: see `set_schedule`, also for what it raises."""
    name, stuck = schedule.name, False
    await core.announce([schedule.queue])
    for _ in range(TRIES):
        stored, clock = await read_schedule(core, schedule.queue, name, now)
        known = _decoded(schedule.queue, stored)
        if known and not schedule.origin:  # an operator changes what code has declared
            schedule = msgspec.structs.replace(schedule, origin=known.origin, declared=known.declared)
        if stored and known and _same(known, schedule):
            return change_of(row_of(schedule.queue, stored), schedule, "unchanged", clock)
        _check_revision(name, stored, revision)
        edit = _edit(schedule, known, stored, clock)
        outcome = await _change(core, stored, edit, "restart" if stuck else edit.what, now)
        if outcome == "done":
            change = "changed" if stored and stored.revision else "created"
            await core.record(Operation("set schedule", f"{schedule.queue}/{name}", detail=change))
            made, _ = await read_schedule(core, schedule.queue, name, now)
            return change_of(row_of(schedule.queue, made or _gone(name)), schedule, change, clock)
        if outcome == "full":
            raise TooMany(
                f"the queue {schedule.queue} has {MOST} schedules, the most that it may have",
                LIST_SCHEDULES.put("gopher schedule ls; gopher schedule rm SCHEDULE, or use another queue"),
            )
        if outcome == "due":
            # Nobody here can read what is due: it would stand in the way for ever.
            stuck = name in (await tick(core, schedule.queue, now=now)).problems
    raise TryLater(f"the schedule {name} is being changed by others", "try again")


def make_schedule(core: Core, name: str | None, type: str, payload: Any = EMPTY, **options: Any) -> Schedule:
    """A checked schedule of these options (see `set_schedule`), which is not stored."""
    return new_schedule(core.defaults, name, type, payload, **options)


async def pause_schedule(
    core: Core, name: str, queue: str = "", reason: str = "", *, now: str = "", revision: int | None = None
) -> bool:
    """Nothing of it runs until it is resumed. False where it was paused already."""
    why = schedules.encode_pause(ACTOR.get(), reason and check_text("the reason", reason))
    return await _hold(core, name, queue, "pause", lambda row: row.standing.pause is None, why, now, revision)


async def resume_schedule(
    core: Core, name: str, queue: str = "", *, now: str = "", revision: int | None = None
) -> bool:
    """It counts from now on: what was due meanwhile is not made up. False where it was not paused."""
    return await _hold(
        core, name, queue, "resume", lambda row: row.standing.pause is not None, "", now, revision
    )


async def drop_schedule(
    core: Core, name: str, queue: str = "", *, now: str = "", revision: int | None = None
) -> None:
    """Take it away with its history. The jobs that it has made stay."""
    await _hold(core, name, queue, "remove", lambda row: True, "", now, revision)


async def _hold(
    core: Core, name: str, queue: str, what: str, applies: Callable[[ScheduleRow], bool], why: str, now: str,
    revision: int | None,
) -> bool:  # fmt: skip
    queue = (await schedule_row(core, name, queue)).queue
    for _ in range(TRIES):
        stored, clock = await read_schedule(core, queue, name, now)
        if not stored:
            raise _not_there(name, queue)
        _check_revision(name, stored, revision)
        row = row_of(queue, stored)
        if not applies(row):
            return False
        next, last = _resumed(row, clock) if what == "resume" else ("", "")
        call = calls.schedule(
            core.keys(queue), name, what, revision=stored.revision, expected=stored.tick, next=next,
            last=last, why=why, now=now,
        )  # fmt: skip
        if await core.store.run(call) == "done":
            detail = why and str(msgspec.json.decode(why)[1])
            await core.record(Operation(f"{what} schedule", f"{queue}/{name}", detail=detail))
            return True
    raise TryLater(f"the schedule {name} is being changed by others", "try again")


async def run_schedule(core: Core, name: str, queue: str = "", *, mark: str = "", now: str = "") -> str:
    """Run it now, beside its ticks; the id of the job. With one ``mark`` it is run once.

    Raises Unfinished where it has to skip: the run before is unfinished, or its unique key is held.
    """
    queue = (await schedule_row(core, name, queue)).queue
    for _ in range(TRIES):
        stored, _clock = await read_schedule(core, queue, name, now)
        schedule = _decoded(queue, stored, name)
        if not stored or not schedule:
            raise _not_there(name, queue)
        job = job_of(schedule, 0, f"{name}:now:{mark or uuid4().hex}")
        call = calls.run_schedule(
            core.keys(queue), name, revision=stored.revision, overlap=schedule.overlap, id=job.id,
            head=head_of(job), spec=job.stored, now=now,
        )  # fmt: skip
        obstacle = await core.store.run(call, "submit")
        if not obstacle:
            await core.record(Operation("run schedule", f"{queue}/{name}", detail=job.id))
            return job.id
        if obstacle == "known":
            return job.id
        if obstacle != "late":
            holder = obstacle.partition(";")[0]
            why = f"{holder} is in the way: it is unfinished"
            raise Unfinished(why, Hint(f"gopher inspect {holder}"), holder)
    raise TryLater(f"the schedule {name} is being changed by others", "try again")


async def _change(core: Core, stored: Stored | None, edit: _Edit, what: str, now: str) -> str:
    revision, tick = (stored.revision, stored.tick) if stored else ("", "")
    schedule = edit.schedule
    call = calls.schedule(
        core.keys(schedule.queue), schedule.name, what, revision=revision, expected=tick,
        definition=schedules.encode_definition(schedule), next=edit.next, last=edit.last, now=now,
    )  # fmt: skip
    return await core.store.run(call, "submit")


def _decoded(queue: str, stored: Stored | None, strictly: str = "") -> Schedule | None:
    try:
        if not stored:
            return None
        schedules.next_instant(queue, stored)
        return schedules.decode_definition(queue, stored.name, stored.definition)
    except BadData:
        if strictly:
            raise
        return None


def _same(known: Schedule, schedule: Schedule) -> bool:
    ours = msgspec.structs.replace(schedule, by=known.by, run_limit=known.run_limit)
    return known == ours


class _Edit(NamedTuple):
    """What a new definition changes, itself as it is to be stored, the tick then ("": none), and until when
    all is accounted for ("": as before)."""

    what: str
    schedule: Schedule
    next: str
    last: str


def _edit(schedule: Schedule, known: Schedule | None, stored: Stored | None, clock: int) -> _Edit:
    standing = stored.standing if stored else Standing()
    if stored and known and known.when == schedule.when:
        limited = msgspec.structs.replace(schedule, run_limit=known.run_limit)
        return _Edit("define", limited, stored.tick, "")
    limit = standing.ran + schedule.when.times if schedule.when.times else 0
    last = _counted_from(schedule, standing, clock)
    first = schedule.first_after(last / 1000)
    if first is None:
        raise BadSchedule("until", "no instant of this schedule is still to come", "give a later until")
    next = "" if standing.pause else str(first * 1000)
    return _Edit("count", msgspec.structs.replace(schedule, run_limit=limit), next, str(last))


def _counted_from(schedule: Schedule, standing: Standing, clock: int) -> int:
    """No instant comes twice; one of a clock that was wrong counts for nothing. Epoch ms."""
    wrong = is_of_a_wrong_clock(schedule, standing.last // 1000, clock / 1000)
    return clock if wrong else max(clock, standing.last)


def _resumed(row: ScheduleRow, clock: int) -> tuple[str, str]:
    """Its next tick ("": none), and from when on it counts. Raises BadData."""
    schedule, standing = row.schedule, row.standing
    if schedule is None:  # without a tick it would never run again
        raise BadData(f"the schedule {row.name} cannot be resumed here: {row.problem}")
    last = _counted_from(schedule, standing, clock)
    over = schedule.run_limit and standing.ran >= schedule.run_limit
    first = None if over else schedule.first_after(last / 1000)
    return "" if first is None else str(first * 1000), str(last)


def _check_revision(name: str, stored: Stored | None, revision: int | None) -> None:
    known = int((stored and stored.revision) or 0)
    if revision is not None and known != revision:
        what = "was changed meanwhile" if known else "is not there any more"
        what = what if revision else "is there already"
        hint = LIST_SCHEDULES.put(f"gopher schedule show {name}")
        raise Changed(f"the schedule {name} {what}: nothing was changed", hint)


def _not_there(name: str, queue: str) -> NotFound:
    return NotFound(f"no schedule {name!r} in the queue {queue}", LIST_SCHEDULES)


def _gone(name: str) -> Stored:
    """Of one that somebody has removed at once."""
    return Stored(name, "", b"", "", Standing())


def change_of(row: ScheduleRow, schedule: Schedule, change: str, clock: int) -> ScheduleChange:
    """``row`` is how it stands then; ``clock`` is Redis's time (ms)."""
    now = clock / 1000
    instant = row.next // 1000 if row.next else schedule.first_after(now) or schedule.instants.before(now)
    job_id = schedule.job_id(instant) if instant else ""
    return ScheduleChange(
        schedule.name, schedule.queue, change, row.next, job_id, row.state, row.revision or clock
    )
