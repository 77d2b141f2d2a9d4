"""Ticks: due instants of schedules become jobs, whoever looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec

from gopher_cli.actor import ACTOR
from gopher_cli.failpoints import failpoint, underway
from gopher_cli.model.errors import BadData
from gopher_cli.model.facts import JobsSubmitted, Operation
from gopher_cli.model.job.job import Job
from gopher_cli.model.schedule.schedule import Schedule, is_far_ahead, is_of_a_wrong_clock, plan
from gopher_cli.model.schedule.schedule_state import Ticks
from gopher_cli.store import calls
from gopher_cli.store.asks import ask, schedules
from gopher_cli.store.asks.schedules import Stored
from gopher_cli.store.calls.schedules import Missed, Run, Ticked
from gopher_cli.store.calls.submit import head_of
from gopher_cli.store.codec import encode_spec
from gopher_cli.verbs.core import Core

_PAGE = 20  # schedules of one round trip: each may have a payload of 1 MB
_BYTES = 4_000_000  # of jobs that are made and sent together
_ROUNDS = 50  # of pages: whoever looks next goes on
TRIES = 20  # of a change that others are faster with
Rest = Callable[[], Awaitable[object]]


async def no_rest() -> None:
    """Where nobody else waits for a turn of the loop, or there is none."""


class _Planned(NamedTuple):
    schedule: Schedule
    jobs: dict[str, Job]
    call: calls.Call[Ticked]


async def tick_heads(core: Core, queues: Sequence[str]) -> tuple[int, dict[str, float]]:
    """Redis's time, and when the first tick of each queue that has one is due (epoch ms)."""
    keys = [core.keys(queue) for queue in queues]
    now, heads = await core.store.ask(schedules.heads(keys), "beat")
    return now, {queue: head for queue, head in zip(queues, heads, strict=True) if head is not None}


async def tick(core: Core, queue: str, *, now: str = "", rest: Rest = no_rest) -> Ticks:
    """Make the jobs of all ticks of a queue that are due. Anybody may, at any time: each runs once.

    A schedule that cannot be read here is left to others, and is told of in the answer. Raises
    Unavailable, TryLater where memory is full (then nothing has happened), or BadData. Between two
    schedules ``rest`` is awaited.
    """
    done, left = Ticks(), 0
    for _ in range(_ROUNDS):
        clock, first = await core.store.ask(schedules.first(core.keys(queue), left, _PAGE), "beat")
        clock = int(now) if now else clock
        names = [name for name, at in first if at <= clock]
        if not names:
            break
        left += await _tick(core, queue, names, clock, now, done, rest)
    return done


async def _tick(
    core: Core, queue: str, names: Sequence[str], clock: int, now: str, done: Ticks, rest: Rest
) -> int:
    """How many of these ticks stay due, because they cannot be read here."""
    stored = await core.store.ask(schedules.read(core.keys(queue), names), "beat")
    planned, size = list[_Planned](), 0
    for name, definition in zip(names, stored, strict=True):
        try:
            if definition and definition.tick:
                planned.append(_planned(core, queue, definition, clock, now))
                size += sum(len(job.stored) for job in planned[-1].jobs.values())
        except (BadData, ValueError) as error:
            done.problems[name] = str(error)
        if size > _BYTES:
            await _send(core, planned, done)
            planned, size = [], 0
        await rest()  # what was missed for years takes a while to count
    await _send(core, planned, done)
    return sum(name in done.problems for name in names)


async def _send(core: Core, planned: Sequence[_Planned], done: Ticks) -> None:
    if planned:
        failpoint("tick.planned")
    ticks = core.store.run_many([schedule.call for schedule in planned], "beat")
    answers = await underway("tick.sent", ticks)
    for schedule, ticked in zip(planned, answers, strict=True):
        await _note(core, schedule, ticked, done)


def _planned(core: Core, queue: str, stored: Stored, clock: int, now: str) -> _Planned:
    schedule = schedules.decode_definition(queue, stored.name, stored.definition)
    due = (schedules.next_instant(queue, stored) or 0) // 1000
    ticks = plan(schedule, due, clock / 1000)
    jobs = [job_of(schedule, instant) for instant in ticks.run]
    call = calls.tick(
        core.keys(queue), schedule.name, revision=stored.revision, expected=stored.tick,
        next="" if ticks.next is None else str(ticks.next * 1000),
        last=max(due, ticks.missed_last if ticks.missed else due, *ticks.run) * 1000,
        runs=[run_of(job, instant) for job, instant in zip(jobs, ticks.run, strict=True)],
        missed=Missed(ticks.missed, ticks.missed_first * 1000, ticks.missed_last * 1000),
        run_limit=schedule.run_limit, overlap=schedule.overlap, pause_after=schedule.pause_after,
        why=schedules.encode_pause("gopher", _failing(schedule)) if schedule.pause_after else "", now=now,
    )  # fmt: skip
    return _Planned(schedule, {job.id: job for job in jobs}, call)


async def _note(core: Core, planned: _Planned, ticked: Ticked, done: Ticks) -> None:
    made = [id for id, why in ticked.jobs.items() if why == ""]
    done.made += made
    if made and core.listeners:
        core.inform(JobsSubmitted([planned.jobs[id] for id in made]))
    if ticked.what == "paused":
        done.paused.append(planned.schedule.name)
        schedule = planned.schedule
        await _audit_own(core, "pause schedule", schedule.queue, schedule.name, _failing(schedule))


async def _audit_own(core: Core, action: str, queue: str, name: str, detail: str) -> None:
    """Nobody has asked for it."""
    actor = ACTOR.set("gopher")
    try:
        await core.record(Operation(action, f"{queue}/{name}", detail=detail))
    finally:
        ACTOR.reset(actor)


async def restart_ticks(core: Core, queue: str, *, now: str = "") -> list[str]:
    """Let schedules count from now that have gone on while the clock was far ahead; their names.

    No known job runs twice: its id is that of its instant.
    """
    clock, lasts = await core.store.ask(ask.clocked(schedules.lasts(core.keys(queue))), "beat")
    clock = int(now) if now else clock
    names = sorted(name for name, last in lasts.items() if is_far_ahead(last / 1000, clock / 1000))
    restarted: list[str] = []
    for start in range(0, len(names), _PAGE):
        piece = names[start : start + _PAGE]
        look = ask.clocked(schedules.read(core.keys(queue), piece))
        clock, stored = await core.store.ask(look, "beat")
        clock, known = int(now) if now else clock, filter(None, stored)
        restarted += [planned.name for planned in known if await _restart(core, queue, planned, clock, now)]
    for name in restarted:
        await _audit_own(core, "restart schedule", queue, name, "the clock had been far ahead")
    return restarted


async def count_anew(core: Core, queue: str, name: str, *, now: str = "") -> bool:
    """Give a schedule a tick that has none, and is neither paused nor over; whether it was done."""
    clock, (stored,) = await core.store.ask(ask.clocked(schedules.read(core.keys(queue), [name])))
    if not stored or stored.tick or stored.standing.pause:
        return False
    schedule = schedules.decode_definition(queue, name, stored.definition)
    last = max(int(now) if now else clock, stored.standing.last)
    return await _tick_anew(core, queue, stored, schedule.first_after(last / 1000), last, now)


async def drop_tick(core: Core, queue: str, name: str, *, now: str = "") -> bool:
    """Take a tick away whose schedule is not there; whether it was done."""
    score = await core.store.ask(schedules.tick_of(core.keys(queue), name))
    call = calls.schedule(core.keys(queue), name, "remove", expected=score, now=now)
    return bool(score) and await core.store.run(call, "beat") == "done"


async def _tick_anew(core: Core, queue: str, stored: Stored, first: int | None, last: int, now: str) -> bool:
    """Everything is accounted for until ``last`` (epoch ms); ``first`` (s) is the next one."""
    call = calls.schedule(
        core.keys(queue), stored.name, "restart", revision=stored.revision, expected=stored.tick,
        next="" if first is None else str(first * 1000), last=str(last), now=now,
    )  # fmt: skip
    return await core.store.run(call, "beat") == "done"


async def _restart(core: Core, queue: str, stored: Stored, clock: int, now: str) -> bool:
    try:
        schedule = schedules.decode_definition(queue, stored.name, stored.definition)
        if not is_of_a_wrong_clock(schedule, stored.standing.last // 1000, clock / 1000):
            return False
        first = schedule.first_after(clock / 1000) if stored.tick else None
    except (BadData, ValueError):
        return False
    return await _tick_anew(core, queue, stored, first, clock, now)


def job_of(schedule: Schedule, instant: int, id: str = "") -> Job:
    """The job of an instant; ``id`` is another than its own."""
    options = msgspec.structs.replace(schedule.spec.options, schedule=schedule.name, instant=instant)
    spec = msgspec.structs.replace(schedule.spec, options=options)
    due = schedule.due(instant) if schedule.when.jitter else 0.0
    id = id or schedule.job_id(instant)
    return Job(id=id, queue=schedule.queue, spec=spec, due=due, stored=encode_spec(spec))


def run_of(job: Job, instant: int) -> Run:
    return Run(instant * 1000, job.id, head_of(job), job.stored)


def _failing(schedule: Schedule) -> str:
    count = schedule.pause_after
    runs = "run" if count == 1 else f"{count} runs"
    return f"the last {runs} ended in the dead letter queue"
