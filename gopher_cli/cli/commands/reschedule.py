"""gopher reschedule: another time for jobs that wait for theirs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated

from gopher_cli.cli.input.moments import AT_HELP, due_of
from gopher_cli.cli.render.results import JobResult, act_on_each, told
from gopher_cli.cli.render.styles import ago, when
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import Column
from gopher_cli.model.errors import Usage
from gopher_cli.model.select.actions import RESCHEDULE, RETRY
from gopher_cli.model.text.local_time import local_time
from gopher_cli.model.text.safe import safe

In = Annotated[str | None, o.option("--in", metavar="DURATION", help="due after that, such as 10m")]
At = Annotated[
    str | None,
    o.option("--at", metavar="TIME", help=f"due then, {AT_HELP}; long ago is now"),
]


@command
def reschedule(console: Console, ids: o.Ids, queue: o.OfQueue = None, delay: In = None, at: At = None) -> int:
    """Let scheduled jobs, and those that wait for their next attempt, run at another time.

    gopher reschedule @last --in 2h
    gopher jobs ls -q --state retrying --type email | xargs -r gopher reschedule --at 2030-01-31T08:00:00Z
    """
    if delay is None and at is None:
        raise Usage("--in or --at says when", "such as --in 2h")
    due, seconds = due_of(delay, at)
    now = int(time.time() * 1000)  # before it is done, so that 2h are 2h and not a moment less
    done = console.call(
        lambda gopher: act_on_each(
            console, gopher, ids, queue, RESCHEDULE,
            partial(gopher.reschedule, due=due, delay=seconds or 0.0),
        )
    )  # fmt: skip
    code = told(console, done, _due_at(now))
    for hint in _hints(done):
        console.note(hint)
    return code


def _due_at(now: int) -> Column:
    """When it is due: for people in their time, and counted from ``now`` (epoch ms)."""

    def shown(outcome: JobResult) -> str:
        return f"{local_time(outcome.due / 1000)} ({ago(outcome.due, now)})" if outcome.due else "-"

    return Column(name="due at", show=shown, raw=lambda one: when(one.due), keep=7)


def _hints(done: Sequence[JobResult]) -> Iterator[str]:
    """What to do about those that were left alone: once for each reason."""
    refused = {outcome.word: outcome for outcome in reversed(done) if outcome.code == 5}
    for word, outcome in refused.items():
        verb = "retry" if RETRY.allows(outcome.state) else "inspect"
        what = "run it again now" if verb == "retry" else "see why it waits for no time"
        yield safe(f"hint: {word}; {what}: gopher {verb} {outcome.id}")
