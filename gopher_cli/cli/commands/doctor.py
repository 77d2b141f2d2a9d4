"""gopher doctor: is everything as it should be, and if not, what is to be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from gopher_cli.cli.input.filters import words
from gopher_cli.cli.render.progress import StatusLine
from gopher_cli.cli.render.styles import plural
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.redis_console import RedisConsole
from gopher_cli.cli.terminal.tables import Column, Listing, print_rich, width
from gopher_cli.model.errors import Usage
from gopher_cli.model.findings import Finding, Severity
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.verbs.doctor.diagnose import Diagnosis
    from gopher_cli.verbs.doctor.repair import Repair
    from gopher_cli.verbs.protocol import RedisVerbs

Fix = Annotated[bool, o.option("--fix", help="repair what is safe to repair; it asks first")]
Data = Annotated[bool, o.option("--data/--no-data", help="walk through all jobs; --no-data leaves that out")]
ROUNDS = 4


@command
def doctor(
    console: RedisConsole,
    queue: o.Queues = None,
    data: Data = True,
    fix: Fix = False,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
) -> int:
    """Look at the server, the workers and every job; say what is wrong, and what is to be done.

      gopher doctor
      gopher doctor --fix --dry-run
      gopher doctor -o json | jq '.findings[] | select(.severity != "ok")'

    Safe at any time: it reads in small slices, and repairs a job only if it still is as it was seen.
    What is in doubt goes to the dead letter queue with its bytes. Leftovers are deleted: results, logs
    and locks that belong to no job, or no longer to it. Jobs that are missing cannot be brought back;
    how many is written down for good. Exit code 1 tells that something is (still) wrong, or was lost.
    """
    if not fix and (yes or dry_run):
        raise Usage(f"{'--yes' if yes else '--dry-run'} goes with --fix", "gopher doctor --fix --dry-run")
    if fix and not data:
        raise Usage("--fix repairs data, and --no-data leaves it out", "gopher doctor --fix")
    queues = words(queue)
    diagnosis = look(console, queues, data=data)
    repairs: list[Repair] = []
    if fix and dry_run:
        console.note(would(diagnosis))
    elif fix and (diagnosis.mendable or diagnosis.losses):
        if console.format == "table" and not yes:
            show(console, diagnosis, [])
        console.confirm(question(diagnosis), yes=yes, would=would(diagnosis))
        diagnosis, repairs = repair(console, queues, diagnosis)
    show(console, diagnosis, [one for one in repairs if not one.is_loss], dry=dry_run)
    return 1 if diagnosis.troubles or any(one.is_loss for one in repairs) else 0


def look(console: RedisConsole, queues: Sequence[str], *, data: bool) -> Diagnosis:
    line = StatusLine(console)

    def tell(what: str) -> None:
        if console.talks:
            line.write(console.paint(f"looking at {safe(what)} ...", "2"))

    try:
        return console.call(lambda gopher: gopher.diagnose(queues, data=data, tell=tell), waits=True)
    finally:
        line.write("")


def repair(
    console: RedisConsole, queues: Sequence[str], diagnosis: Diagnosis
) -> tuple[Diagnosis, list[Repair]]:
    """Again until nothing more can be repaired: what was mended shows what else is wrong."""

    async def work(gopher: RedisVerbs) -> tuple[Diagnosis, list[Repair]]:
        now, done = diagnosis, list[Any]()
        for _ in range(ROUNDS):
            if not now.mendable and not now.losses:
                break
            done += await gopher.heal(now)
            now = await gopher.diagnose(queues)
        return now, done

    healed, repairs = console.call(work, waits=True)
    for one in repairs:
        tell_of(console, one)
    return healed, repairs


def tell_of(console: Console, repair: Repair) -> None:
    ids = ", ".join(repair.ids[:20]) + (", ..." if len(repair.ids) > 20 else "")
    where = f" in {repair.queue}" if repair.queue else ""
    if repair.is_loss:
        console.warn(
            safe(f"{plural(repair.count, 'job')} missing{where}: written down, and not brought back")
        )
    else:
        console.note(safe(f"repaired: {repair.name}{where}: {repair.count}{': ' + ids if ids else ''}"))


def question(diagnosis: Diagnosis) -> str:
    if not diagnosis.mendable:
        return f"Write down that {_lost(diagnosis)} missing?"
    noted = f", and write down that {_lost(diagnosis)} missing" if diagnosis.losses else ""
    return f"Repair {_what(diagnosis)}{noted}?"


def would(diagnosis: Diagnosis) -> str:
    """What --fix would do, in words."""
    done = [f"{_what(diagnosis)} would be repaired"] if diagnosis.mendable else []
    done += [f"it would be written down that {_lost(diagnosis)} missing"] if diagnosis.losses else []
    return ", and ".join(done) or "nothing would be repaired"


def _what(diagnosis: Diagnosis) -> str:
    things = sum(finding.count for finding in diagnosis.mendable)
    return f"{plural(things, 'thing')} ({', '.join(dict.fromkeys(f.name for f in diagnosis.mendable))})"


def _lost(diagnosis: Diagnosis) -> str:
    count = sum(finding.count for finding in diagnosis.losses)
    return f"{plural(count, 'job')} {'is' if count == 1 else 'are'}"


def show(console: Console, diagnosis: Diagnosis, repairs: Sequence[Repair], *, dry: bool = False) -> None:
    if console.format == "json":
        console.json(
            {"healthy": not diagnosis.troubles, "jobs": diagnosis.jobs,
             "repaired": [asdict(repair) for repair in repairs],
             "findings": [asdict(finding) for finding in diagnosis.findings]}
        )  # fmt: skip
        return
    if console.format == "table":
        from gopher_cli.cli.render.doctor import picture

        print_rich(console, picture(diagnosis, width(console), dry=dry))
        return
    shown = [f for f in diagnosis.findings if f.is_trouble] if console.format == "id" else diagnosis.findings
    console.rows(Listing(rows=shown, columns=COLUMNS, id=lambda f: f.name, empty="nothing was found"))


def _count(finding: Finding) -> object:
    return finding.count or None


COLUMNS = [
    Column(name="severity", show=lambda f: str(f.severity)),
    Column(name="section", show=lambda f: f.section),
    Column(name="queue", show=lambda f: f.queue),
    Column(name="check", show=lambda f: f.name),
    Column(name="count", show=lambda f: str(f.count), raw=_count),
    Column(name="meaning", show=lambda f: f.meaning),
    Column(name="examples", show=lambda f: ",".join(f.examples), raw=lambda f: f.examples),
    Column(name="fix", show=lambda f: remedy(f)),
]


def remedy(finding: Finding) -> str:
    """What is to be done, as one line."""
    if not finding.fix or finding.severity == Severity.OK:
        return ""
    return f"gopher doctor --fix: {finding.fix}" if finding.mends else finding.fix
