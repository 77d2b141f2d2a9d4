"""gopher queue ls, pause, resume, rm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gopher_cli.cli.render.results import JobResult, try_each, warn_refused
from gopher_cli.cli.render.styles import span, style_of, types_of
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import Entry
from gopher_cli.cli.terminal.tables import Column, Listing, write_answer
from gopher_cli.model.errors import GopherError, Unavailable
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.verbs.protocol import Verbs

QUEUE = {
    "ls": Entry("queue:ls", "list the queues and their depth", "Commands"),
    "pause": Entry("queue:pause", "start no job of a queue any more", "Commands"),
    "resume": Entry("queue:resume", "let it go on", "Commands"),
    "rm": Entry("queue:rm", "remove queues that have no jobs", "Commands"),
}

Names = Annotated[list[str], typer.Argument(metavar="QUEUE...", help="names of queues", show_default=False)]


@command
def ls(console: Console) -> None:
    """List the queues: jobs by state, and the age of the oldest that waits."""
    stats = console.call(lambda gopher: gopher.stats())
    console.rows(
        Listing(rows=stats.queues, columns=COLUMNS, id=lambda q: q.queue,
                empty="no queue yet; submit a job: gopher submit")
    )  # fmt: skip


@command
def pause(console: Console, queues: Names) -> int:
    """Start no job of these queues any more. Running jobs finish, and new ones may be submitted.

    gopher queue pause mail
    """
    return _set(console, queues, paused=True)


@command
def resume(console: Console, queues: Names) -> int:
    """Let paused queues go on.

    gopher queue resume mail
    """
    return _set(console, queues, paused=False)


@command
def rm(console: Console, queues: Names) -> int:
    """Remove queues that have no jobs, such as misspelt ones, with their counters and charts.

    gopher queue rm mial
    """

    async def outcome(gopher: Verbs, queue: str) -> JobResult:
        try:
            await gopher.remove_queue(queue)
        except Unavailable:
            raise
        except GopherError as error:
            if len(set(queues)) == 1:
                raise
            return JobResult(id="", queue=queue, word=str(error), code=error.exit_code)
        return JobResult(id="", queue=queue, word="removed")

    async def work(gopher: Verbs) -> list[JobResult]:
        return [await outcome(gopher, queue) for queue in dict.fromkeys(queues)]

    done = console.call(work)
    console.rows(
        Listing(rows=done, columns=REMOVED, record=_removed, id=lambda o: o.queue, empty="no queues")
    )
    return max(outcome.code for outcome in done)


def _removed(outcome: JobResult) -> dict[str, object]:
    return {"queue": outcome.queue, "ok": not outcome.code, "outcome": outcome.word}


REMOVED = (
    Column(name="queue", show=lambda one: one.queue, keep=9),
    Column(name="outcome", show=lambda one: one.word, keep=8, most=90, least=12,
           style=lambda one: "red" if one.code else "green"),
)  # fmt: skip


def _set(console: Console, queues: list[str], *, paused: bool) -> int:
    async def one(gopher: Verbs, queue: str) -> tuple[str, bool]:
        return queue, await gopher.pause(queue, paused=paused)

    async def work(gopher: Verbs) -> tuple[list[tuple[str, bool]], list[GopherError]]:
        return await try_each(queues, lambda queue: one(gopher, queue))

    word = "paused" if paused else "resumed"
    changes, refused = console.call(work)
    write_answer(
        console,
        [{"queue": q, "paused": paused, "changed": changed} for q, changed in changes],
        (f"{safe(q)} {word}" if changed else f"{safe(q)} was {word} already" for q, changed in changes),
    )
    return warn_refused(console, refused)


def _state(name: str, keep: int) -> Column:
    return Column(
        name=name, show=lambda q: str(q.states[name]), raw=lambda q: q.states[name], right=True, keep=keep,
        style=lambda q: style_of(name) if q.states[name] else "dim",
    )  # fmt: skip


COLUMNS = [
    Column(name="queue", show=lambda q: q.queue, keep=20, most=32, least=8, style=lambda q: "bold"),
    Column(name="paused", show=lambda q: "yes" if q.paused else "no", raw=lambda q: q.paused, keep=18,
           style=lambda q: "yellow" if q.paused else "dim"),
    _state("enqueued", 17), _state("processing", 16), _state("scheduled", 11), _state("blocked", 5),
    _state("retrying", 12), _state("failed", 15), _state("completed", 10), _state("cancelled", 4),
    Column(name="oldest", show=lambda q: span(q.oldest_age_seconds), raw=lambda q: q.oldest_age_seconds,
           right=True, keep=14),
    Column(name="no handler", show=lambda q: types_of(q.unhandled) or "-", raw=lambda q: q.unhandled, keep=13,
           most=40, style=lambda q: "red" if q.unhandled else "dim"),
]  # fmt: skip
