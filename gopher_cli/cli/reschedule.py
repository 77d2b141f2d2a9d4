"""gopher reschedule: another time for jobs that wait for theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from gopher_cli.cli import options as o
from gopher_cli.cli.choosing import duration, found_ids
from gopher_cli.cli.command import command
from gopher_cli.cli.console import Console
from gopher_cli.cli.outcomes import Outcome, told
from gopher_cli.model.errors import Usage

if TYPE_CHECKING:
    from gopher_cli.gopher import Gopher

RESCHEDULED = {"rescheduled": ("rescheduled", 0), "gone": ("no such job", 3)}

In = Annotated[str | None, o.option("--in", metavar="DURATION", help="due after that, such as 10m")]
At = Annotated[
    str | None,
    o.option("--at", metavar="TIME", help="due then, such as 2030-01-31T08:00:00Z; long ago is now"),
]


@command
def reschedule(console: Console, ids: o.Ids, delay: In = None, at: At = None) -> int:
    """Let scheduled jobs, and those that wait for their next attempt, run at another time.

    gopher reschedule @last --in 2h
    gopher jobs ls -q --state retrying --type email | xargs gopher reschedule --at 2030-01-31T08:00:00Z
    """
    due, seconds = _moment(delay, at)
    return told(console, console.call(lambda gopher: _reschedule(console, gopher, ids, due, seconds)))


def _moment(delay: str | None, at: str | None) -> tuple[float | None, float]:
    """Epoch seconds, or seconds from now."""
    from gopher_cli.model.duration import parse_when

    if bool(delay) == bool(at):
        raise Usage("gopher reschedule needs --in or --at, and not both", "such as --in 2h")
    if delay:
        return None, duration("--in", delay)
    try:
        return parse_when(at or ""), 0.0
    except (ValueError, OverflowError) as error:
        raise Usage(f"--at: {error}") from None


async def _reschedule(
    console: Console, gopher: Gopher, ids: list[str], due: float | None, delay: float
) -> list[Outcome]:
    done = []
    for queue, id in await found_ids(gopher, console.settings(), ids):
        words = await gopher.reschedule(queue, [id], due=due, delay=delay)
        done += [Outcome.of(queue, id, word, RESCHEDULED) for id, word in words.items()]
    return done
