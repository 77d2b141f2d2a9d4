"""gopher workers: who is working, and on what; and orders to workers from afar."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from gopher_cli.cli.render.results import try_each, warn_refused
from gopher_cli.cli.render.workers import columns_of, listing
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.common_options import option
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import Entry
from gopher_cli.cli.terminal.tables import write_answer
from gopher_cli.model.errors import GopherError
from gopher_cli.model.text.safe import safe
from gopher_cli.model.views.stats import OrderedWorker

if TYPE_CHECKING:
    from gopher_cli.verbs.protocol import Verbs

WORKERS = {
    "ls": Entry("workers:ls", "list the workers, also where no command is named", "Commands"),
    "quiet": Entry("workers:quiet", "let a worker start no job any more", "Commands"),
    "resume": Entry("workers:resume", "let it start jobs again", "Commands"),
    "stop": Entry("workers:stop", "let it finish its jobs and end, as SIGTERM does", "Commands"),
}

Names = Annotated[
    list[str],
    typer.Argument(metavar="WORKER...", help="a name, an id, host:pid or a host", show_default=False),
]
All = Annotated[bool, option("--all", help="all workers that are called so")]


@command
def quiet(console: Console, workers: Names, all: All = False) -> int:
    """Let workers start no job any more. Running jobs finish, and their leases are renewed.

    gopher workers quiet web-3:4711
    gopher workers quiet mail --all
    """
    return _order(console, workers, "quiet", every=all)


@command
def resume(console: Console, workers: Names, all: All = False) -> int:
    """Let workers that are quiet start jobs again.

    gopher workers resume web-3:4711
    """
    return _order(console, workers, "resume", every=all)


@command
def stop(console: Console, workers: Names, all: All = False) -> int:
    """Let workers come to an end, as SIGTERM does: running jobs have the grace, then they go back.

      gopher workers stop web-3:4711

    A service manager may start a new one in its place.
    """
    return _order(console, workers, "stop", every=all)


_SAID = {
    "quiet": ("is told to be quiet", "is quiet already"),
    "resume": ("is told to resume", "runs already"),
    "stop": ("is told to stop", "stops already"),
}


def _order(console: Console, names: list[str], order: str, *, every: bool) -> int:
    async def work(gopher: Verbs) -> tuple[list[list[OrderedWorker]], list[GopherError]]:
        return await try_each(names, lambda name: gopher.order(name, order, every=every))

    by_name, refused = console.call(work)
    given = {worker.id: worker for workers in reversed(by_name) for worker in reversed(workers)}
    ordered = list(given.values())[::-1]
    lines = (f"{safe(one.worker)} {_SAID[order][not one.changed]}" for one in ordered)
    write_answer(console, [asdict(one) for one in ordered], lines)
    return warn_refused(console, refused)


@command
def ls(console: Console) -> None:
    """List the workers that were heard in the last minute, the dead ones too."""
    infos = console.call(lambda gopher: gopher.workers())
    table = listing(infos)
    if console.format == "table":
        table = replace(table, columns=columns_of(infos))
    console.rows(table)
