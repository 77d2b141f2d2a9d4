"""gopher stats: one picture of everything, once or again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from gopher_cli.cli.input.filters import duration, words
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console, pause
from gopher_cli.cli.terminal.color import wants_color
from gopher_cli.cli.terminal.tables import flattened, print_rich, width, write_pairs
from gopher_cli.model.errors import Usage

if TYPE_CHECKING:
    from gopher_cli.model.views.stats import Stats
    from gopher_cli.verbs.protocol import Verbs

Watch = Annotated[
    str | None, o.option("--watch", "-w", metavar="[=2s]", help="again and again, until Ctrl-C")
]


@command
def stats(console: Console, queue: o.Queues = None, watch: Watch = None) -> None:
    """Depth by queue, state and priority, throughput, times, workers and the server.

    gopher stats --watch
    gopher stats -o json | jq .pending
    """
    queues, every = words(queue), duration("--watch", watch)
    if watch is not None and every < 0.1:
        raise Usage("--watch: 100ms is the shortest")
    if not every:
        show(console, console.call(lambda gopher: gopher.stats(queues)))
    else:
        console.call(lambda gopher: _watch(console, gopher, queues, every))


def show(console: Console, stats: Stats) -> None:
    """One picture, in the format that was asked for."""
    match console.format:
        case "json":
            console.json(record(stats))
        case "ndjson":
            console.json(record(stats), lines=True)
        case "id":
            console.ids(queue.queue for queue in stats.queues)
        case "csv" | "plain":
            write_pairs(console, flat(stats))
        case _:
            from gopher_cli.cli.render.stats import picture

            print_rich(console, picture(stats, width(console), color=wants_color(console.color, console.out)))


def record(stats: Stats) -> dict[str, Any]:
    """All of it as JSON."""
    return asdict(stats)


def flat(stats: Stats) -> Iterator[tuple[str, str]]:
    """Name and value, a line each: made for grep and awk."""
    yield from flattened(record(stats))


async def _watch(console: Console, gopher: Verbs, queues: tuple[str, ...], every: float) -> None:
    """A terminal is drawn anew; anything else gets a line of JSON each time."""
    if console.format == "csv":
        raise Usage("--watch writes a picture, or lines of JSON, not CSV", "add -o ndjson")
    if console.format != "table" or not console.out_tty:
        console.format = "ndjson"
        while True:
            show(console, await gopher.stats(queues))
            await pause(every)
    from gopher_cli.cli.render.live import watch

    await watch(console, lambda: gopher.stats(queues), every)
