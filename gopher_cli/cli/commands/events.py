"""gopher events: what happens to jobs, as it happens; with --audit who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from gopher_cli.cli.input.filters import duration as read_duration
from gopher_cli.cli.input.filters import found_ids, words
from gopher_cli.cli.render.limited_list import limit_of, write_some
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console, check_choice, pause
from gopher_cli.model.errors import TryLater, Unavailable, Usage
from gopher_cli.model.events import GONE, OF_QUEUES, OF_SCHEDULES, EventFilter

if TYPE_CHECKING:
    from gopher_cli.model.events import JobEvent
    from gopher_cli.model.facts import AuditEntry
    from gopher_cli.verbs.protocol import Verbs

_ALL = 100_000  # of the audit: more than is kept
_NOBODY = "nobody has watched lately, so that nothing was kept; from now on: gopher events --follow"

Follow = Annotated[bool, o.option("--follow", "-f", help="go on with what happens, until Ctrl-C")]
Audit = Annotated[bool, o.option("--audit", help="who did what instead, the newest first")]
Since = Annotated[
    str | None,
    o.option("--since", metavar="DURATION", panel=o.WHICH, help="only what happened within this time"),
]  # fmt: skip
Job = Annotated[
    list[str] | None,
    o.option(
        "--job", "-i", metavar="ID", panel=o.WHICH, help="only this job: an id, a unique part, or @last"
    ),
]
State = Annotated[
    list[str] | None,
    o.option(
        "--state", "-s", metavar="STATE", panel=o.WHICH,
        help="only jobs that come to this state (repeat, or a,b); also gone, paused, resumed",
    ),
]  # fmt: skip


@command
def events(
    console: Console,
    follow: Follow = False,
    queue: o.Queues = None,
    job: Job = None,
    type: o.Type = None,
    state: State = None,
    since: Since = None,
    limit: o.Limit = None,
    audit: Audit = False,
) -> None:
    """Show what happens to jobs: a line for each that came to a state.

      gopher events --follow --state failed,retrying
      gopher events -f -o ndjson | jq -r .job_id
      gopher events --audit -n 20

    Events are kept while somebody watches, and for a minute after that; who did what is kept for long.
    """
    ago, most = read_duration("--since", since), limit_of(console, limit)
    if audit:
        if follow or queue or job or type or state:
            raise Usage("--audit goes with --since and --limit only")
        _show_audit(console, ago, most)
        return
    if follow and limit is not None:
        raise Usage("--limit is for what has happened", "leave --follow out")
    chosen = _states(state)

    async def work(gopher: Verbs) -> None:
        filter = await _wanted(console, gopher, words(queue), job or (), chosen, words([type or ""]))
        if follow:
            await _follow(console, gopher, filter, ago)
        else:
            await _show_past(console, gopher, filter, ago, most)

    console.call(work, waits=follow)


def _states(given: Sequence[str] | None) -> frozenset[str]:
    from gopher_cli.model.job.job import JobState

    for word in words(given):
        check_choice("--state", word, (*JobState, GONE, *OF_QUEUES, *OF_SCHEDULES))
    return frozenset(words(given))


async def _wanted(
    console: Console, gopher: Verbs, queues: Sequence[str], jobs: Sequence[str],
    states: frozenset[str], types: Sequence[str],
) -> EventFilter:  # fmt: skip
    """Raises NotFound for a job or a queue that nobody knows."""
    if queues:
        await gopher.known_queues(queues)
    ids = await found_ids(gopher, console.settings(), jobs, queues[0] if len(queues) == 1 else None)
    return EventFilter(
        queues=frozenset(queues) | {queue for queue, _ in ids}, jobs=frozenset(id for _, id in ids),
        states=states, types=frozenset(types),
    )  # fmt: skip


async def _follow(console: Console, gopher: Verbs, filter: EventFilter, ago: float) -> None:
    from gopher_cli.cli.render.events import Lines
    from gopher_cli.verbs.read.watch import EVERY

    reader = gopher.event_reader(sorted(filter.queues), ago=ago, types=True)
    lines, events, away = Lines(console), await reader.look(), False
    console.say("watching; Ctrl-C ends")
    while True:
        for event in events:
            lines.show(event, filter)
        await pause(EVERY)
        try:
            events = await reader.look()
        except (Unavailable, TryLater) as error:  # it may come back: a watch goes on
            if not away:
                console.warn(f"{error}; what happens is shown when it is back")
            events, away = [], True
            continue
        if away:
            console.note("it is back")
        away = False


async def _show_past(console: Console, gopher: Verbs, filter: EventFilter, ago: float, most: int) -> None:
    from gopher_cli.cli.render.events import happened, listing

    events: list[JobEvent] | None = await gopher.past_events(sorted(filter.queues), types=True, ago=ago)
    if events is None:
        console.note(_NOBODY)
    rows = [line for event in events or [] for line in happened(event, filter)]
    shown = rows[-most:] if most else rows  # the newest, in their order
    write_some(console, listing(shown), most, "event", more=len(rows) > len(shown))


def _show_audit(console: Console, ago: float, most: int) -> None:
    import time

    from gopher_cli.cli.render.events import audit_listing

    # One more than asked for, to know whether there are more.
    limit = most + 1 if most else _ALL
    entries: list[AuditEntry] = console.call(lambda gopher: gopher.audit_log(limit=limit, ago=ago))
    write_some(console, audit_listing(entries, time.time_ns() // 1_000_000), most, "action")
