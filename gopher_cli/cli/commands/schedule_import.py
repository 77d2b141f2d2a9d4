"""gopher schedule import: a crontab becomes schedules. It says what it would do, until it is told to."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gopher_cli.cli.input import schedule_options as s
from gopher_cli.cli.input import submit_options as c
from gopher_cli.cli.input.filters import check_said, duration, whole
from gopher_cli.cli.input.job_options import given_by
from gopher_cli.cli.render.styles import plural
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.common_options import option
from gopher_cli.cli.shell.console import Console
from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.schedule.schedule import check_schedule_name
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.cli.crontab.crontab_jobs import Recurring
    from gopher_cli.model.schedule.crontab import Crontab
    from gopher_cli.verbs.protocol import Verbs

_DONE = "take these lines out of the crontab now: cron would run them, too"
_LONG = 86_400.0  # seconds: cron ends no command

File = Annotated[
    str, typer.Argument(metavar="CRONTAB", help="a file, or - for stdin: crontab -l", show_default=False)
]
Apply = Annotated[bool, option("--apply", "--yes", "-y", help="do it, and not only say what would be done")]
DryRun = Annotated[bool, option("--dry-run", help="say what it would do, and do nothing (the default)")]
Users = Annotated[bool, option("--users", help="a user stands before each command, as in /etc/crontab")]
SkipBad = Annotated[bool, option("--skip-bad", help="leave lines out that cannot be taken")]
PrintExec = Annotated[
    bool, option("--print-exec", help="print what a worker needs in its gopher.toml, and nothing else")
]
Zone = Annotated[
    str | None,
    option("--tz", metavar="ZONE", help="of its times (default: SCHEDULE_TIMEZONE, or that of this machine)"),
]
Prefix = Annotated[
    str | None, option("--prefix", metavar="TEXT", help="in front of the names of the schedules")
]
Retries = Annotated[
    str | None,
    option("--retries", "-r", metavar="N", help="how often a command that fails runs again (0)"),
]
Timeout = Annotated[
    str | None, option("--timeout", metavar="DURATION", help="how long a command may take (1d)")
]


@command
def import_crontab(
    console: Console,
    file: File,
    apply: Apply = False,
    dry_run: DryRun = False,
    skip_bad: SkipBad = False,
    users: Users = False,
    print_exec: PrintExec = False,
    prefix: Prefix = None,
    tz: Zone = None,
    queue: c.Queue = None,
    retries: Retries = None,
    timeout: Timeout = None,
    overlap: s.Overlap = None,
    catchup: s.Catchup = None,
) -> int:
    """Take over a crontab: each line becomes a schedule, and a program that workers run.

      crontab -l | gopher schedule import -
      crontab -l | gopher schedule import - --apply
      crontab -l | gopher schedule import - --print-exec >> gopher.toml

    All lines, or none. The same again changes nothing. Afterwards take the lines out of the crontab.
    """
    check_said(queue=queue)
    if apply and dry_run:
        raise Usage("--apply and --dry-run say two things", "give one of them")
    if prefix:
        check_schedule_name(prefix)
    from gopher_cli.cli.crontab.crontab_jobs import exec_table, recurring

    crontab = _read(console, file, tz, users=users)
    jobs = recurring(crontab.entries, prefix or "")
    if print_exec:
        _talk(console, crontab)
        if crontab.problems and not skip_bad:
            raise _refusal(crontab)
        for line in exec_table(jobs):
            console.print(line)
        return 0
    options = given_by(
        queue=queue, overlap=overlap, catchup=catchup,
        max_retries=whole("--retries", retries), timeout=duration("--timeout", timeout, _LONG),
    )  # fmt: skip
    return _import(console, crontab, jobs, options, apply=apply, skip_bad=skip_bad)


def _read(console: Console, file: str, tz: str | None, *, users: bool) -> Crontab:
    """Raises NotFound, Usage, or BadData for what is no crontab at all."""
    from gopher_cli.cli.crontab.crontab_zone import zone_of_crontabs
    from gopher_cli.cli.input.payload import read_file
    from gopher_cli.cli.render.schedule_times import zone_of
    from gopher_cli.model.schedule.crontab import parse_crontab

    zone = tz or zone_of_crontabs(console)
    zone_of(zone)
    if file == "-" and sys.stdin.isatty():
        console.say("reading a crontab from stdin, end with Ctrl-D")
    raw = sys.stdin.buffer.read() if file == "-" else read_file(file)
    try:
        crontab = parse_crontab(raw, zone=zone, users=users)
    except ValueError as error:
        raise BadData(str(error)) from None
    if crontab.names_users:
        raise Usage(
            "its commands begin with root, as in /etc/crontab", "add --users: a user stands before each"
        )
    return crontab


def _import(
    console: Console, crontab: Crontab, jobs: list[Recurring], options: dict[str, Any], *,
    apply: bool, skip_bad: bool,
) -> int:  # fmt: skip
    from gopher_cli.cli.crontab.import_view import tell_of

    refused = bool(crontab.problems) and not skip_bad
    doing = apply and not refused

    async def work(gopher: Verbs) -> list[str]:
        from gopher_cli.cli.crontab.crontab_changes import changes, set_all

        await gopher.check(accept_eviction=console.settings().accepts_eviction)
        return await (set_all if doing else changes)(gopher, jobs, options)

    told = console.call(work) if jobs else []
    _talk(console, crontab)
    tell_of(
        console, jobs, told, options.get("queue") or console.settings().queue, round(time.time()), done=doing
    )
    if refused:
        raise _refusal(crontab)
    if jobs:
        console.note(_DONE if doing else "nothing was changed; do it with --apply")
    return 0


def _refusal(crontab: Crontab) -> BadData:
    count = plural(len(crontab.problems), "line")
    return BadData(f"{count} cannot be taken: nothing was changed", "correct them, or add --skip-bad")


def _talk(console: Console, crontab: Crontab) -> None:
    """What is not as it was with cron, and what cannot be taken, by lines."""
    for variable in crontab.variables:
        if variable.note:
            console.warn(safe(f"line {variable.number}: {variable.name}: {variable.note}"))
    for user, numbers in _users(crontab).items():
        lines = ", ".join(map(str, numbers[:6])) + (" ..." if len(numbers) > 6 else "")
        console.warn(safe(f"line {lines}: {user} ran it; now the user of the worker does"))
    for problem in crontab.problems:
        console.warn(safe(f"line {problem.number}: {problem.why}: {problem.text}"))


def _users(crontab: Crontab) -> dict[str, Sequence[int]]:
    by_user: dict[str, list[int]] = {}
    for entry in crontab.entries:
        if entry.user:
            by_user.setdefault(entry.user, []).append(entry.number)
    return dict(by_user)
