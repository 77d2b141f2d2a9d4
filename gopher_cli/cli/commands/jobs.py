"""gopher jobs ls, gopher list-failed: jobs as rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from gopher_cli.cli.input.filters import filter_of
from gopher_cli.cli.render.limited_list import Limited, limit_of
from gopher_cli.cli.render.progress import Progress
from gopher_cli.cli.render.styles import ago, short_id, style_of, when
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import Entry
from gopher_cli.cli.terminal.tables import Column, Listing

if TYPE_CHECKING:
    from gopher_cli.model.select.filter import Filter
    from gopher_cli.verbs.protocol import Verbs

JOBS = {
    "ls": Entry("jobs:ls", "list jobs, newest first", "Commands"),
    "last": Entry("jobs_last:last", "the newest job of a type, and its last success", "Commands"),
}

Oldest = Annotated[bool, o.option("--oldest", help="oldest first", panel=o.WHICH)]

Groups = Annotated[bool, o.option("--groups", help="by error: how often, since when, of which types")]


@command
def ls(
    console: Console,
    state: o.State = None,
    *,
    which: o.Listed,
    limit: o.Limit = None,
    oldest: Oldest = False,
) -> None:
    """List jobs, newest first. At a terminal 50, unless --limit says otherwise (0 is all).

    gopher jobs ls --state retrying,failed --type email
    gopher jobs ls -q --state failed | xargs -r gopher retry
    gopher jobs ls --search 'type:email payload.to:ann@example.com'
    """
    _list(console, filter_of(which, state), limit_of(console, limit), newest=not oldest)


@command
def list_failed(
    console: Console,
    *,
    which: o.Listed,
    limit: o.Limit = None,
    groups: Groups = False,
) -> None:
    """List the dead letter queue: jobs that are out of retries, newest first.

    gopher list-failed --error 'timed? out'
    gopher list-failed --groups
    """
    filter = filter_of(which, within=("failed",), of="list-failed")
    if groups:
        from gopher_cli.cli.render.failure_groups import show

        show(console, filter, limit_of(console, limit))
        return
    _list(console, filter, limit_of(console, limit), newest=True)


def _list(console: Console, filter: Filter, limit: int, *, newest: bool) -> None:
    listing = Listing(
        rows=(), columns=columns(int(time.time() * 1000)), extra=EXTRA,
        id=lambda row: row.id, empty="no such jobs",
    )  # fmt: skip
    some, progress = Limited(console, listing, limit, "job"), Progress(console)

    async def work(gopher: Verbs) -> None:
        async for rows, looked in gopher.slices(filter, limit=some.asks_for, newest=newest):
            progress.clear()
            some.add(rows)
            progress.show(looked, some.shown)

    try:
        console.call(work)
    finally:
        progress.clear()
    some.end()


def columns(now: int) -> list[Column]:
    """What a row of jobs shows; times count from ``now`` (epoch ms)."""
    return [
        Column(name="id", field="job_id", show=lambda r: short_id(r.id), raw=lambda r: r.id, keep=10),
        Column(name="type", show=lambda r: r.type, keep=8, most=24, least=12),
        Column(name="queue", show=lambda r: r.queue, keep=4, most=20, least=12),
        Column(
            name="state", field="status", show=lambda r: r.state, style=lambda r: style_of(r.state), keep=9
        ),
        Column(name="priority", show=lambda r: str(r.priority), raw=lambda r: r.priority, right=True, keep=2),
        Column(
            name="attempts",
            show=lambda r: f"{r.attempts}/{r.max_retries + 1}",
            raw=lambda r: r.attempts,
            right=True,
            keep=3,
        ),
        Column(name="since", show=lambda r: ago(r.at, now), raw=lambda r: when(r.at), keep=7),
        Column(
            name="error",
            show=lambda r: (r.error or "").partition("\n")[0],
            raw=lambda r: r.error,
            style=lambda r: "red",
            keep=6,
            most=80,
            least=12,
            optional=True,
        ),
    ]


EXTRA = (
    Column(name="max retries", show=lambda r: str(r.max_retries), raw=lambda r: r.max_retries),
    Column(name="created", field="created_at", show=lambda r: when(r.created)),
)
