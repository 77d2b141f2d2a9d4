"""gopher schedule set, and gopher submit --cron: a recurring job is defined, or changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.input import schedule_options as s
from gopher_cli.cli.input import submit_options as c
from gopher_cli.cli.input.filters import duration, whole
from gopher_cli.cli.input.job_options import given_by, job_options, needed_type, payload_of
from gopher_cli.cli.input.schema_check import checked, warn_of_queue
from gopher_cli.cli.render.schedule_times import local, moment_of, zone_of
from gopher_cli.cli.render.styles import ago
from gopher_cli.cli.render.styles import when as rfc3339
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.usage_errors import QUOTE
from gopher_cli.cli.terminal.tables import write_answer
from gopher_cli.model.errors import Ambiguous, BadConfig, GopherError, Usage
from gopher_cli.model.schedule.recurrence import BadSchedule, Recurrence, make_recurrence
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.model.schedule.schedule_state import ScheduleChange
    from gopher_cli.verbs.protocol import Verbs

# Options of gopher submit that say something of one job, and what a schedule has instead.
_OF_ONE_JOB = {
    "delay": ("--in", "gopher schedule set has --from, when it begins, and --jitter, how late a run may be"),
    "at": ("--at", "gopher schedule set has --from, when it begins"),
    "after": ("--after", "the jobs of a schedule cannot wait for other jobs"),
    "id": ("--id", "--name names the schedule; the id of each job is made of it and its time"),
    "wait": ("--wait", "gopher schedule run NAME --wait runs it now, and waits"),
    "wait_timeout": ("--wait-timeout", "gopher schedule run NAME --wait runs it now, and waits"),
    "batch": ("--batch", "a schedule makes one job at a time; give its payload with -p"),
    "batch_id": ("--batch-id", "a schedule makes one job at a time; give its payload with -p"),
    "lines": ("--lines", "a schedule makes one job at a time; give its payload with -p"),
    "if_exists": ("--if-exists", "the same schedule again changes nothing"),
    "durability": ("--durability", "a schedule is as durable as the server"),
}


@command
def set_schedule(
    console: Console,
    name: s.Schedule,
    pairs: c.Pairs = None,
    type: c.Type = None,
    payload: c.Payload = None,
    queue: c.Queue = None,
    cron: s.Cron = None,
    every: s.Every = None,
    tz: s.Zone = None,
    offset: s.Offset = None,
    start: s.From = None,
    until: s.Until = None,
    times: s.Times = None,
    jitter: s.Jitter = None,
    overlap: s.Overlap = None,
    catchup: s.Catchup = None,
    within: s.Within = None,
    pause_after: s.PauseAfter = None,
    *,
    job: c.JobFields,
    app: c.App = None,
) -> int:
    """Define a recurring job, or change it. This says all of it: what is left out has its default.

      gopher schedule set nightly -t report -p @report.json --cron '0 3 * * *' --tz Europe/Berlin
      gopher schedule set poll -t poll url=https://example.com --every 30s
      gopher schedule next nightly

    The same again changes nothing, so a deploy may run it each time. Of expressions: gopher help cron
    """
    return _define(console, name, "gopher schedule set", locals())


def submit_schedule(console: Console, flags: Mapping[str, Any]) -> int:
    """What gopher submit does with --cron or --every."""
    recurs = "--every" if flags["cron"] is None else "--cron"
    for flag, (option, instead) in _OF_ONE_JOB.items():
        if flags[flag]:
            raise Usage(f"{option} and {recurs} do not go together", instead)
    return _define(console, flags["name"], "gopher submit", flags)


def _define(console: Console, name: str | None, command: str, flags: Mapping[str, Any]) -> int:
    type = needed_type(command, flags)
    job = job_options(flags["job"]) | given_by(queue=flags["queue"])
    times = when_options(console, flags)
    when, options = recurrence(times), times | _policy(flags)
    payload = payload_of(console, flags)

    async def work(gopher: Verbs) -> ScheduleChange:
        await gopher.check(accept_eviction=console.settings().accepts_eviction)
        given = await checked(console, gopher, type, payload, ",".join(flags["app"] or ()), job)
        far = console.works_remotely(console.settings())
        if far and "queue" in given:
            await warn_of_queue(console, gopher, given["queue"])
        change = await gopher.set_schedule(name, type, payload, **given, **options)
        if not far and (console.talks or change.queue in gopher.new_queues):
            await warn_of_queue(console, gopher, change.queue)
        if change.change == "created":
            await _warn_of_others(console, gopher, change)
        return change

    _tell(console, console.call(work), when)
    return 0


async def _warn_of_others(console: Console, gopher: Verbs, change: ScheduleChange) -> None:
    """Who moves a schedule to another queue has two of them: both run."""
    try:
        await gopher.schedule_row(change.name)
    except Ambiguous as error:
        others = [queue for queue in error.queues if queue != change.queue]
        note = f"there is a schedule {change.name} in {', '.join(others)}, too, and both run"
        console.warn(safe(f"{note}; if this is not meant: gopher schedule rm {change.name} -Q {others[0]}"))
    except GopherError:  # a key that may only submit; or whatever goes wrong: it is defined
        pass


def _tell(console: Console, change: ScheduleChange, when: Recurrence) -> None:
    """One line for people, all of it for programs, the name for -q."""
    from gopher_cli.model.schedule.schedule_view import describe_when

    words = describe_when(when, f"{change.queue}/{change.name}")
    if console.format == "id":
        console.ids([change.name])
        return
    record = {
        "name": change.name, "queue": change.queue, "outcome": change.change,
        "changed": change.change != "unchanged", "state": change.state, "description": words,
        "next_run": rfc3339(change.next or 0) or None, "job_id": change.job_id if change.next else None,
    }  # fmt: skip
    write_answer(console, record, [safe(f"{change.name} {change.change}: {words}; {_next(change, when)}")])


def _next(change: ScheduleChange, when: Recurrence) -> str:
    if change.state == "paused":
        return f"paused until gopher schedule resume {change.name}"
    if change.next is None:
        return "it is over: no run is left"
    return f"next run {local(change.next, when)} ({ago(change.next, round(time.time() * 1000))})"


def when_options(console: Console, flags: Mapping[str, Any]) -> dict[str, Any]:
    """When it is due, by the names of `make_recurrence`. Raises Usage, BadSchedule, BadConfig."""
    if flags["cron"] is None and flags["every"] is None:
        raise Usage("when is it due?", "add --cron '0 3 * * *', or --every 30s")

    def seconds(flag: str) -> float | None:
        return None if flags.get(flag) is None else duration(f"--{flag}", flags[flag])

    tz = flags["tz"]
    if tz is None and flags["cron"] is not None:
        tz = default_zone(console)
    place = zone_of(tz or "UTC")
    return given_by(
        cron=flags["cron"], every=seconds("every"), tz=tz, offset=seconds("offset"),
        start=moment_of("--from", flags.get("start"), place),
        until=moment_of("--until", flags.get("until"), place),
        times=None if flags.get("times") is None else whole("--times", flags["times"], least=1),
        jitter=seconds("jitter"),
    )  # fmt: skip


def default_zone(console: Console) -> str:
    """That of the settings. Raises BadConfig for one that is not known here."""
    from gopher_cli.model.schedule.zone import parse_zone

    name = console.settings().schedule_timezone
    try:
        parse_zone(name)
    except ValueError as error:
        raise BadConfig(f"SCHEDULE_TIMEZONE: {error}", "correct that setting, or give --tz") from None
    return name


def recurrence(times: Mapping[str, Any], key: str = "") -> Recurrence:
    """What `when_options` has found, checked; its faults are told of by options. Raises BadSchedule."""
    try:
        return make_recurrence(key=key or "/", **times)
    except BadSchedule as error:
        words = str(times.get("cron", "")).split()
        see = QUOTE if len(words) == 1 and words[0][0] != "@" else "see: gopher help cron"
        hint = see if error.field == "cron" else error.hint
        raise BadSchedule(error.field, f"--{error.field}: {error}", hint) from None


def _policy(flags: Mapping[str, Any]) -> dict[str, Any]:
    within, pause_after = flags.get("within"), flags.get("pause_after")
    return given_by(
        overlap=flags.get("overlap"), catchup=flags.get("catchup"),
        within=None if within is None else duration("--within", within),
        pause_after=None if pause_after is None else whole("--pause-after", pause_after),
    )  # fmt: skip
