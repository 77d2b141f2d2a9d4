"""gopher schedule pause, resume, run, backfill, rm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from gopher_cli.cli.input import schedule_options as s
from gopher_cli.cli.input.filters import check_said, duration, remember
from gopher_cli.cli.input.submit_options import Wait, WaitTimeout
from gopher_cli.cli.render.results import try_each, warn_refused
from gopher_cli.cli.render.schedule_times import described, moment_of, place_of, schedule_of
from gopher_cli.cli.render.styles import plural
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import write_answer
from gopher_cli.model.errors import BadData, GopherError, Usage
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.model.schedule.schedule_state import Backfill, ScheduleRow
    from gopher_cli.model.views.job_view import JobDetail
    from gopher_cli.verbs.protocol import Verbs

_SHOWN = 10  # schedules in a question

Reason = Annotated[
    str | None, o.option("--reason", metavar="WHY", help="told to whoever looks at it, and to the audit")
]
First = Annotated[
    str | None, o.option("--from", metavar="TIME", help="the first time, in the time zone of the schedule")
]
Last = Annotated[str | None, o.option("--to", metavar="TIME", help="the last time; both count")]
BackfillOverlap = Annotated[
    str | None,
    o.option("--overlap", metavar="HOW", help="all (default): the runs do not wait for each other"),
]
Again = Annotated[
    bool, o.option("--again", help="also what has run, and is known still: each job gets a fresh id")
]


@command
def pause(console: Console, schedules: s.Schedules, reason: Reason = None, queue: s.OfQueue = None) -> int:
    """Let these schedules run nothing until they are resumed. What is due meanwhile is not made up for.

    gopher schedule pause nightly --reason 'the database moves'
    """

    async def one(gopher: Verbs, name: str) -> tuple[str, bool]:
        row = await schedule_of(gopher, name, queue)
        return name, await gopher.pause_schedule(row.name, row.queue, reason or "")

    return _hold(console, schedules, queue, one, "paused")


@command
def resume(console: Console, schedules: s.Schedules, queue: s.OfQueue = None) -> int:
    """Let paused schedules go on, from now.

    gopher schedule resume nightly
    """

    async def one(gopher: Verbs, name: str) -> tuple[str, bool]:
        row = await schedule_of(gopher, name, queue)
        return name, await gopher.resume_schedule(row.name, row.queue)

    return _hold(console, schedules, queue, one, "resumed")


def _hold(console: Console, names: list[str], queue: str | None, verb: Any, word: str) -> int:
    check_said(queue=queue)

    async def work(gopher: Verbs) -> tuple[list[tuple[str, bool]], list[GopherError]]:
        return await try_each(names, lambda name: verb(gopher, name))

    changes, refused = console.call(work)
    before = "was paused already" if word == "paused" else "was not paused"
    if console.format == "id":
        console.ids(name for name, _ in changes)
    else:
        write_answer(
            console,
            [{"name": n, "outcome": word, "changed": changed} for n, changed in changes],
            (f"{safe(n)} {word if changed else before}" for n, changed in changes),
        )
    return warn_refused(console, refused)


@command
def rm(
    console: Console,
    schedules: s.Schedules,
    queue: s.OfQueue = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
) -> int:
    """Remove schedules with their history. The jobs that they have made stay.

    gopher schedule rm nightly
    """
    check_said(queue=queue)

    async def rows(gopher: Verbs) -> list[ScheduleRow]:
        """Before anything is removed: one that is not there stops all."""
        return [await schedule_of(gopher, name, queue) for name in dict.fromkeys(schedules)]

    meant = console.call(rows)
    some = [f"{row.name} ({described(row)})" for row in meant[:_SHOWN]]
    names = safe(", ".join([*some, "..."] if len(meant) > _SHOWN else some))
    what = plural(len(meant), "schedule")
    if dry_run:
        console.print(f"would be removed: {names}")
        return 0
    console.confirm(f"Remove {what}: {names}?", yes=yes, would=f"{what} would be removed: {names}")

    async def work(gopher: Verbs) -> None:
        for row in meant:
            await gopher.drop_schedule(row.name, row.queue)

    console.call(work)
    if console.format == "id":
        console.ids(row.name for row in meant)
        return 0
    records = [{"name": row.name, "queue": row.queue, "outcome": "removed"} for row in meant]
    write_answer(console, records, (f"{safe(row.name)} removed" for row in meant))
    return 0


@command
def run(
    console: Console,
    schedule: s.Schedule,
    queue: s.OfQueue = None,
    wait: Wait = False,
    wait_timeout: WaitTimeout = None,
) -> int:
    """Run it now, and print the id of the job. Its times stay as they are; its overlap counts.

    gopher schedule run nightly --wait
    """
    check_said(queue=queue)
    limit = duration("--wait-timeout", wait_timeout)
    job = {"id": "", "queue": ""}

    async def work(gopher: Verbs) -> JobDetail | None:
        row = await schedule_of(gopher, schedule, queue)
        job["id"], job["queue"] = await gopher.run_schedule(row.name, row.queue), row.queue
        remember(console.settings(), job["id"])
        if not (wait or wait_timeout):
            return None
        console.say(f"{safe(schedule)} runs: {safe(job['id'])}")
        from gopher_cli.cli.render.follow import follow

        return await follow(gopher, console, job["queue"], job["id"], limit)

    from gopher_cli.cli.render.follow import finish, wait_for

    detail = wait_for(console, "@last", work)
    if detail:
        return finish(console, detail)
    if console.format in ("json", "ndjson", "csv"):
        write_answer(console, {"job_id": job["id"], "schedule": schedule, "queue": job["queue"]}, ())
    else:
        console.print(safe(job["id"]))
    return 0


@command
def backfill(
    console: Console,
    schedule: s.Schedule,
    first: First = None,
    last: Last = None,
    overlap: BackfillOverlap = None,
    again: Again = False,
    dry_run: o.DryRun = False,
    queue: s.OfQueue = None,
) -> int:
    """Run the times of a schedule that are over, each once: what has run, and is known still, stays.

    gopher schedule backfill nightly --from 2026-01-01 --to 2026-01-08 --dry-run
    """
    check_said(queue=queue)
    if first is None or last is None:
        raise Usage(
            "gopher schedule backfill needs --from TIME and --to TIME", "for example: --from 2026-01-01"
        )

    async def work(gopher: Verbs) -> Backfill:
        row = await schedule_of(gopher, schedule, queue)
        if row.schedule is None:
            raise BadData(f"the schedule {row.name} cannot be read here: {row.problem}")
        place = place_of(row.schedule.when)
        begin, end = moment_of("--from", first, place), moment_of("--to", last, place)
        assert begin is not None and end is not None
        return await gopher.backfill(
            row.name, begin, end, row.queue, overlap=overlap or "all", again=again, dry_run=dry_run
        )

    _tell_of(console, console.call(work), dry_run=dry_run)
    return 0


def _tell_of(console: Console, done: Backfill, *, dry_run: bool) -> None:
    if console.format == "id":
        console.ids(done.made)
        return
    word = "would be submitted" if dry_run else "submitted"
    lines = [f"{plural(len(done.made), 'job')} {word}{_range(done.made)}"]
    if done.known:
        lines.append(f"{plural(len(done.known), 'job')} known already{_range(done.known)}")
    write_answer(console, {"made": list(done.made), "known": list(done.known), "dry_run": dry_run}, lines)


def _range(ids: tuple[str, ...]) -> str:
    if not ids:
        return ""
    return f": {ids[0]}" if len(ids) == 1 else f": {ids[0]} ... {ids[-1]}"
