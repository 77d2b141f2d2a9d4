"""gopher cancel: stop jobs, waiting or running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gopher_cli.cli.render.results import JobResult, for_each, told
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console

if TYPE_CHECKING:
    from gopher_cli.verbs.protocol import Verbs

CANCELLED = {
    "cancelled": ("cancelled", 0), "requested": ("it runs; its worker will stop it", 0),
    "again": ("cancelled already", 0), "gone": ("no such job", 3),
}  # fmt: skip


@command
def cancel(console: Console, ids: o.Ids, queue: o.OfQueue = None) -> int:
    """Stop jobs. One that waits will never run; one that runs is told to stop within seconds.

    gopher cancel @last
    gopher jobs ls -q --state scheduled --type report | xargs -r gopher cancel
    """
    return told(console, console.call(lambda gopher: _cancel(console, gopher, ids, queue)))


async def _cancel(console: Console, gopher: Verbs, ids: list[str], queue: str | None) -> list[JobResult]:
    async def one(queue: str, id: str) -> JobResult:
        return JobResult.of(queue, id, (await gopher.cancel(queue, [id]))[id], CANCELLED)

    return await for_each(console, gopher, ids, queue, one)
