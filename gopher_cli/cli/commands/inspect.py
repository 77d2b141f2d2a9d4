"""gopher inspect: everything about one job, or several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import UNSET

from gopher_cli.cli.input.filters import duration, found_ids, typed_id
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import cell, print_rich, width, write_pairs
from gopher_cli.model.errors import Ambiguous, GopherError, NotFound, Usage
from gopher_cli.model.text.humanize import moment
from gopher_cli.model.text.safe import safe
from gopher_cli.model.text.timestamp import Timestamp

if TYPE_CHECKING:
    from gopher_cli.model.views.job_view import JobDetail
    from gopher_cli.verbs.protocol import Verbs

Names = dict[str, str]  # of workers: what people call them, by id


@command
def inspect(
    console: Console,
    ids: o.Parts,
    queue: o.OfQueue = None,
    wait: Annotated[
        bool, o.option("--wait", "-w", help="until it ends: log to stderr, result to stdout")
    ] = False,
    wait_timeout: Annotated[
        str | None, o.option("--wait-timeout", metavar="DURATION", help="but no longer than that (exit 124)")
    ] = None,
) -> int:
    """Show every field of a job, its history, result and log, and why it does not run yet.

    gopher inspect @last
    gopher inspect 5b3d4ce62 -o json | jq .result
    """
    if wait or wait_timeout:
        return _wait(console, ids, queue, duration("--wait-timeout", wait_timeout))
    jobs, workers, missing = console.call(lambda gopher: _details(console, gopher, ids, queue))
    if len(ids) == 1 and missing:
        raise missing[0]
    show(console, jobs, workers)
    for error in missing:
        console.warn(safe(f"{error}"))
    return max((error.exit_code for error in missing), default=0)


async def _details(
    console: Console, gopher: Verbs, ids: list[str], queue: str | None
) -> tuple[list[JobDetail], Names, list[GopherError]]:
    """One that is not there, or is not told from others, hides none of the rest."""
    details: dict[tuple[str, str], JobDetail] = {}
    missing: list[GopherError] = []
    for text in ids:
        try:
            ((of, id),) = await found_ids(gopher, console.settings(), [text], queue)
            details[of, id] = await gopher.inspect(of, id)
        except (NotFound, Usage, Ambiguous) as error:
            missing.append(error)
    jobs = list(details.values())
    named = console.format == "table" and any(job.worker for job in jobs)
    return jobs, {w.id: w.label for w in await gopher.workers()} if named else {}, missing


def _wait(console: Console, ids: list[str], queue: str | None, limit: float) -> int:
    from gopher_cli.cli.render.follow import finish, follow, wait_for

    if len(ids) != 1:
        raise Usage("--wait follows one job", "give one ID")

    async def work(gopher: Verbs) -> JobDetail:
        ((of, id),) = await found_ids(gopher, console.settings(), ids, queue)
        return await follow(gopher, console, of, id, limit)

    return finish(console, wait_for(console, typed_id(console.settings(), ids[0]), work))


def show(console: Console, jobs: list[JobDetail], workers: Names) -> None:
    """Each job, in the format that was asked for."""
    match console.format:
        case "json":
            console.json(jobs[0] if len(jobs) == 1 else jobs)
        case "ndjson":
            for job in jobs:
                console.json(job, lines=True)
        case "id":
            console.ids(job.id for job in jobs)
        case "table":
            from gopher_cli.cli.render.inspect import portrait

            for number, job in enumerate(jobs):
                print_rich(console, *([""] if number else []), portrait(job, width(console), workers))
        case _:
            _plain(console, jobs)


def _plain(console: Console, jobs: list[JobDetail]) -> None:
    text = partial(console.json_text, lines=True)
    if console.format == "csv":  # one table: each job begins with its id
        write_pairs(console, (pair for job in jobs for pair in flat(job, text)))
        return
    for number, job in enumerate(jobs):
        if number:
            console.print("")
        write_pairs(console, flat(job, text))


def flat(job: JobDetail, text: Callable[[Any], str]) -> Iterator[tuple[str, str]]:
    """Name and value, a line each; a list has a line for each of its members. ``text`` writes JSON."""
    for name, value in _members(job):
        if name == "history":
            for event in value:
                yield "history", " ".join(f"{k}={cell(v)}" for k, v in _members(event) if v)
        elif name == "log":
            for line in value:
                yield "log", cell(line)
        elif name in ("payload", "result", "progress", "headers"):
            yield name, cell(text(value))
        else:
            yield name, cell(value)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Of a struct: the names that JSON has, with times as there; what is not set is left out."""
    for name, public in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        member = getattr(value, name)
        if member is not UNSET:
            yield public, moment(member) if isinstance(member, Timestamp) else member
