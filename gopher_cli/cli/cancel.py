"""gopher cancel: stop jobs, waiting or running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gopher_cli.cli import options as o
from gopher_cli.cli.choosing import found_ids
from gopher_cli.cli.command import command
from gopher_cli.cli.console import Console
from gopher_cli.cli.outcomes import Outcome, told

if TYPE_CHECKING:
    from gopher_cli.gopher import Gopher

CANCELLED = {
    "cancelled": ("cancelled", 0), "requested": ("it runs; its worker will stop it", 0),
    "again": ("cancelled already", 0), "gone": ("no such job", 3),
}  # fmt: skip


@command
def cancel(console: Console, ids: o.Ids) -> int:
    """Stop jobs. One that waits will never run; one that runs is told to stop within seconds.

    gopher cancel @last
    gopher jobs ls -q --state scheduled --type report | xargs gopher cancel
    """
    return told(console, console.call(lambda gopher: _cancel(console, gopher, ids)))


async def _cancel(console: Console, gopher: Gopher, ids: list[str]) -> list[Outcome]:
    done = []
    for queue, id in await found_ids(gopher, console.settings(), ids):
        words = await gopher.cancel(queue, [id])
        done += [Outcome.of(queue, id, word, CANCELLED) for id, word in words.items()]
    return done
