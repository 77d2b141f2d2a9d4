"""gopher expect NAME, ls, show, rm: jobs that are to succeed at least so often, whoever feeds them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gopher_cli.cli.input.filters import check_said, duration
from gopher_cli.cli.input.schema_check import published_types, warn_of_queue, warn_unknown
from gopher_cli.cli.render.results import try_each, warn_refused
from gopher_cli.cli.render.styles import ago, span, when
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import Entry
from gopher_cli.cli.terminal.tables import Column, Listing, flattened, write_answer, write_pairs
from gopher_cli.model.errors import GopherError, Usage
from gopher_cli.model.schedule.expect import LATE, ON_TIME, SAME, WAITING, Declared, Expect, the_expect
from gopher_cli.model.text.duration import format_duration
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.verbs.protocol import Verbs

EXPECT = {
    "set": Entry("expect:declare", "expect it: gopher expect NAME -t TYPE --every 25h", "Commands"),
    "ls": Entry("expect:ls", "list what is expected, and what is late", "Commands"),
    "show": Entry("expect:show", "all about one", "Commands"),
    "rm": Entry("expect:rm", "expect it no longer", "Commands"),
}
_LIKE = "such as: gopher expect nightly -t report --every 25h"

Name = Annotated[str, typer.Argument(metavar="NAME", help="what it is called", show_default=False)]
Known = Annotated[str, typer.Argument(metavar="EXPECT", help="its name", show_default=False)]
Several = Annotated[list[str], typer.Argument(metavar="EXPECT...", help="names", show_default=False)]
Type = Annotated[str | None, o.option("--type", "-t", metavar="TYPE", help="jobs of this type")]
Every = Annotated[
    str | None, o.option("--every", metavar="DURATION", help="at least so often: 25h, 90m, 7d ...")
]
Grace = Annotated[
    str | None, o.option("--grace", metavar="DURATION", help="so much later still counts as on time")
]
In = Annotated[
    str | None,
    o.option("--queue", "-Q", metavar="QUEUE", help="in this queue; else the usual one (QUEUE_NAME)"),
]
Of = Annotated[
    str | None, o.option("--queue", "-Q", metavar="QUEUE", help="in this queue, where several have that name")
]
Only = Annotated[str | None, o.option("--queue", "-Q", metavar="QUEUE", help="only this queue")]
Late = Annotated[bool, o.option("--late", help="only what is late, or cannot be read")]


@command
def declare(
    console: Console, name: Name, type: Type = None, every: Every = None, grace: Grace = None,
    queue: In = None,
) -> None:  # fmt: skip
    """Expect that jobs of a type succeed at least so often, whoever submits them: cron, a script, people.

      gopher expect nightly -t report --every 25h
      gopher expect backup -t backup --every 1d --grace 2h -Q slow

    What is late shows in `gopher expect ls`, `doctor`, `health` and the metrics. It counts from the last
    success that is known, else from now. The same again changes nothing.
    """
    if type is None or every is None:
        raise Usage(f"gopher expect {name} needs {_missing(type, every)}", _hint(name, type, every))
    seconds, more = duration("--every", every), duration("--grace", grace)

    async def work(gopher: Verbs) -> Declared:
        done = await gopher.expect(name, type, seconds, queue=queue or "", grace=more)
        if done.word != SAME:
            await warn_of_doubts(console, gopher, done.expect, queue_said=bool(queue))
        return done

    done = console.call(work)
    outcome = {"new": "is expected", "changed": "is changed", SAME: "was expected already"}[done.word]
    answer = record(done.expect) | {"outcome": done.word, "changed": done.word != SAME}
    write_answer(console, answer, [safe(f"{name} {outcome}: {_whole(done.expect)}")])


async def warn_of_doubts(console: Console, gopher: Verbs, expect: Expect, *, queue_said: bool) -> None:
    """Of a type or a queue that is perhaps another one: else nobody would know it before it is late."""
    with suppress(GopherError):
        others = {q for w in await gopher.workers() if w.alive and expect.type in w.types for q in w.queues}
        if others and expect.queue not in others:
            where = (
                f"jobs of the type {expect.type} run in the queue {min(others)}, and not in {expect.queue}"
            )
            console.warn(safe(f"{where}; did you mean -Q {min(others)}?"))
            return
    if queue_said:
        await warn_of_queue(console, gopher, expect.queue)
    if not expect.last_success:
        warn_unknown(console, expect.type, await published_types(gopher))


def _missing(type: str | None, every: str | None) -> str:
    return " and ".join(n for n, value in (("--type", type), ("--every", every)) if value is None)


def _hint(name: str, type: str | None, every: str | None) -> str:
    from gopher_cli.cli.shell.suggestions import nearest

    near = nearest(name, EXPECT) if type is None and every is None else ""
    return f"did you mean gopher expect {near}?" if near else _LIKE


@command
def ls(console: Console, queue: Only = None, late: Late = False) -> None:
    """List what is expected, when it last succeeded, and what is late.

    gopher expect ls
    gopher expect ls --late -q
    """
    check_said(queue=queue)
    known = console.call(lambda gopher: gopher.expects(queue or ""))
    if late:
        known = [expect for expect in known if expect.state not in (ON_TIME, WAITING)]
    empty = "nothing is late" if late else f"nothing is expected yet; {_LIKE}"
    console.rows(
        Listing(
            rows=known,
            columns=COLUMNS,
            extra=EXTRA,
            record=record,
            id=lambda expect: expect.name,
            empty=empty,
        )
    )


@command
def show(console: Console, name: Known, queue: Of = None) -> None:
    """Show all about one: what is expected, the last success, and until when the next one has time.

    gopher expect show nightly
    """
    check_said(queue=queue)
    expect = the_expect(console.call(lambda gopher: gopher.expects(queue or "")), name)
    if console.format in ("json", "ndjson"):
        console.json(record(expect), lines=console.format == "ndjson")
    elif console.format == "table":
        for line in _portrait(expect):
            console.print(safe(line))
    elif console.quiet or console.format == "id":
        console.ids([expect.name])
    else:
        write_pairs(console, flattened(record(expect)))


@command
def rm(console: Console, names: Several, queue: Of = None) -> int:
    """Expect these no longer. Jobs, and whoever submits them, are left alone.

    gopher expect rm nightly
    """
    check_said(queue=queue)

    async def work(gopher: Verbs) -> tuple[list[Expect], list[GopherError]]:
        return await try_each(names, lambda name: gopher.drop_expect(name, queue or ""))

    gone, refused = console.call(work)
    lines = (safe(f"{expect.name} is expected no longer: {_whole(expect, stands=False)}") for expect in gone)
    if console.quiet:
        console.ids(expect.name for expect in gone)
    else:
        write_answer(console, [record(expect) for expect in gone], lines)
    return warn_refused(console, refused)


def _whole(expect: Expect, *, stands: bool = True) -> str:
    """In a sentence: what, where, and how it stands."""
    if not expect.type:
        return f"in the queue {expect.queue}; what it was cannot be read"
    last = (
        f"last success {ago(_last(expect), expect.now)}" if expect.last_success else "no success is known yet"
    )
    late = f", LATE {span(expect.late_seconds)}" if expect.state == LATE else ""
    return f"{expect.terms}, in the queue {expect.queue}" + (f" ({last}{late})" if stands else "")


def _portrait(expect: Expect) -> list[str]:
    rows = [
        ("expects", expect.terms if expect.type else "it cannot be read"), ("queue", expect.queue),
        ("state", _state(expect)), ("last success", _moment(_last(expect), expect.now)),
        ("due", _moment(expect.deadline, expect.now) if expect.type else "-"),
        ("declared", _moment(expect.created, expect.now) + (f" by {expect.by}" if expect.by else "")),
    ]  # fmt: skip
    width = max(len(name) for name, _ in rows)
    jobs = f"gopher jobs last -t {expect.type} -Q {expect.queue}" if expect.type else ""
    return [
        expect.name,
        *(f"  {name:<{width}}  {text}" for name, text in rows),
        *([f"  see: {jobs}"] if jobs else []),
    ]


def _moment(ms: int, now: int) -> str:
    return f"{ago(ms, now)} ({when(ms)})" if ms else "never"


def _last(expect: Expect) -> int:
    """A clock that was ahead is believed as far as now."""
    return min(expect.last_success, expect.now)


def record(expect: Expect) -> dict[str, Any]:
    """One as JSON: the same names as in the HTTP API."""
    return {
        "queue": expect.queue, "name": expect.name, "type": expect.type or None, "every": expect.every,
        "grace": expect.grace, "state": expect.state, "last_success_at": when(expect.last_success) or None,
        "deadline_at": when(expect.deadline) if expect.type else None, "late_seconds": expect.late_seconds,
        "created_at": when(expect.created) or None, "created_by": expect.by or None, "at": when(expect.now),
    }  # fmt: skip


def _state(expect: Expect) -> str:
    return f"LATE {span(expect.late_seconds)}" if expect.state == LATE else expect.state.replace("_", " ")


def _style(expect: Expect) -> str:
    return {ON_TIME: "green", WAITING: "cyan"}.get(expect.state, "red")


def _span(seconds: float) -> str:
    return format_duration(seconds) if seconds else "-"


COLUMNS = [
    Column(name="name", show=lambda e: e.name, keep=20, most=40, least=10, style=lambda e: "bold"),
    Column(name="queue", show=lambda e: e.queue, keep=12, most=24, least=8),
    Column(name="type", show=lambda e: e.type or "-", raw=lambda e: e.type, keep=14, most=32, least=8),
    Column(name="every", show=lambda e: _span(e.every), raw=lambda e: e.every, right=True, keep=15),
    Column(name="grace", show=lambda e: _span(e.grace), raw=lambda e: e.grace, right=True, keep=8,
           optional=True),
    Column(name="last", show=lambda e: ago(_last(e), e.now) if e.last_success else "never",
           raw=lambda e: when(e.last_success), keep=17),
    Column(name="state", show=_state, raw=lambda e: e.state, style=_style, keep=19),
]  # fmt: skip
EXTRA = (
    Column(name="late seconds", show=lambda e: str(e.late_seconds), raw=lambda e: e.late_seconds),
    Column(name="deadline", show=lambda e: when(e.deadline) if e.type else ""),
    Column(name="created", show=lambda e: when(e.created)),
    Column(name="by", show=lambda e: e.by),
)
