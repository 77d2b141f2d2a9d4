"""gopher workers: who is working, and on what; and orders to workers from afar."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from gopher_cli.cli.render.results import try_each, warn_refused
from gopher_cli.cli.render.styles import plural, short_id, size, span
from gopher_cli.cli.render.tables import Column, Listing, write_answer
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.common_options import option
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import Entry
from gopher_cli.model.errors import GopherError
from gopher_cli.model.text.safe import safe
from gopher_cli.model.views.stats import OrderedWorker, WorkerInfo, labels

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
    said = (f"{safe(one.worker)} {_SAID[order][not one.changed]}" for one in ordered)
    write_answer(console, [asdict(one) for one in ordered], said)
    return warn_refused(console, refused)


@command
def ls(console: Console) -> None:
    """List the workers that were heard in the last minute, the dead ones too."""
    infos = console.call(lambda gopher: gopher.workers())
    found = listing(infos)
    if console.format == "table":
        found = replace(found, columns=columns_of(infos))
    console.rows(found)


def columns_of(infos: list[WorkerInfo]) -> list[Column]:
    """For people: with their places where names are shared, and with the versions where they differ."""
    known, (first, *rest) = labels(infos), COLUMNS
    versions = [VERSION] if len({info.version for info in infos}) > 1 else []
    return [replace(first, show=lambda w: known.get(w.id, w.label)), rest[0], *versions, *rest[1:]]


def listing(infos: list[WorkerInfo]) -> Listing:
    return Listing(
        rows=infos, columns=COLUMNS, extra=EXTRA, record=asdict, id=lambda w: w.id,
        empty="no worker is running; start one: gopher worker",
    )  # fmt: skip


def state_of(info: WorkerInfo) -> str:
    return info.state if info.alive else "silent"


def busy(info: WorkerInfo) -> str:
    stuck = f" +{len(info.stuck)} stuck" if info.stuck else ""
    return f"{info.busy}/{info.slots}{stuck}" if info.alive else "-"


def current(info: WorkerInfo) -> str:
    """What it runs, the longest first; what a silent one said last is no news."""
    if not info.alive:
        return "-"
    jobs = sorted(info.current, key=lambda job: -float(job.get("seconds", 0)))
    shown = ", ".join(
        f"{job.get('type')} {short_id(str(job.get('id')))[-6:]} {span(float(job.get('seconds', 0)))}"
        for job in jobs[:3]
    )
    return shown + (f" and {plural(len(jobs) - 3, 'other')}" if len(jobs) > 3 else "")


COLUMNS = [
    Column(name="worker", show=lambda w: w.label, raw=lambda w: w.id, keep=10, most=28, least=12),
    Column(
        name="state",
        show=state_of,
        keep=8,
        style=lambda w: "green" if w.alive and w.state == "running" else "red" if not w.alive else "yellow",
    ),
    Column(name="busy", show=busy, raw=lambda w: w.busy if w.alive else None, keep=9, right=True),
    Column(name="done", show=lambda w: str(w.completed), raw=lambda w: w.completed, keep=5, right=True),
    Column(name="failed", show=lambda w: str(w.failed), raw=lambda w: w.failed, keep=7, right=True),
    Column(name="rss", show=lambda w: size(w.rss_bytes), raw=lambda w: w.rss_bytes, keep=5, right=True),
    Column(
        name="cpu", show=lambda w: f"{w.cpu_percent:.0f}%", raw=lambda w: w.cpu_percent, keep=5, right=True
    ),
    Column(
        name="up", show=lambda w: span(w.uptime_seconds), raw=lambda w: w.uptime_seconds, keep=6, right=True
    ),
    Column(
        name="queues", show=lambda w: ",".join(w.queues), raw=lambda w: w.queues, keep=3, most=24, least=8
    ),
    Column(
        name="running",
        show=current,
        raw=lambda w: [job.get("id") for job in w.current if w.alive],
        keep=2,
        most=60,
        least=16,
        optional=True,
    ),
]
VERSION = Column(name="version", show=lambda w: w.version, keep=9, most=16, style=lambda _: "yellow")
EXTRA = (
    Column(name="name", show=lambda w: w.name or "-", raw=lambda w: w.name),
    Column(name="place", show=lambda w: f"{w.host}:{w.pid}", raw=lambda w: f"{w.host}:{w.pid}"),
    Column(name="version", show=lambda w: w.version, raw=lambda w: w.version),
    Column(
        name="stuck",
        show=lambda w: ",".join(str(job.get("id")) for job in w.stuck),
        raw=lambda w: [job.get("id") for job in w.stuck],
    ),
    Column(name="slots", show=lambda w: str(w.slots), raw=lambda w: w.slots),
    Column(name="types", show=lambda w: ",".join(w.types), raw=lambda w: w.types),
    Column(
        name="heard seconds ago",
        show=lambda w: f"{w.last_heard_seconds:.1f}",
        raw=lambda w: w.last_heard_seconds,
    ),
)
