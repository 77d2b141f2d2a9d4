"""gopher cancel: stop jobs, waiting or running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gopher_cli.cli import options as o
from gopher_cli.cli.command import command
from gopher_cli.cli.console import Console
from gopher_cli.cli.outcomes import Outcome, for_each, told

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


async def _cancel(console: Console, gopher: Verbs, ids: list[str], queue: str | None) -> list[Outcome]:
    async def one(queue: str, id: str) -> Outcome:
        return Outcome.of(queue, id, (await gopher.cancel(queue, [id]))[id], CANCELLED)

    return await for_each(console, gopher, ids, queue, one)
