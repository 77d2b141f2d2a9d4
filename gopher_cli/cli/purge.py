"""gopher purge: delete jobs for good. It counts first, and asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from gopher_cli.cli import options as o
from gopher_cli.cli.choosing import STATES, filter_of, states, whole, words
from gopher_cli.cli.command import command
from gopher_cli.cli.console import Console
from gopher_cli.cli.meter import Counter
from gopher_cli.cli.retry import say_bulk, say_counts
from gopher_cli.cli.safe import safe
from gopher_cli.cli.words import plural
from gopher_cli.model.errors import Usage

States = Annotated[
    list[str] | None,
    o.option(
        "--state", "-s", metavar="STATE", panel=o.WHICH,
        help="needed: these states (repeat, or a,b), or all",
    ),
]  # fmt: skip
Force = Annotated[bool, o.option("--force", help="running jobs too: what they still do is not recorded")]


@command
def purge(
    console: Console,
    state: States = None,
    type: o.Type = None,
    queue: o.Queues = None,
    tag: o.Tag = None,
    error: o.Error = None,
    group: o.Group = None,
    older_than: o.OlderThan = None,
    search: o.Search = None,
    limit: o.Limit = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    force: Force = False,
) -> int:
    """Delete jobs for good. It says how many, and asks; without a terminal it needs --yes.

      gopher purge --state completed --older-than 1h --dry-run
      gopher purge --state failed --type email --yes

    `all` is every state but processing; a running job needs --force.
    """
    wanted = filter_of(
        state=None if "all" in words(state) else state, type=type, queue=queue, tag=tag, error=error,
        group=group, older_than=older_than, search=search, within=chosen(state, force=force), of="purge",
    )  # fmt: skip
    most = whole("--limit", limit)
    counts = console.call(lambda gopher: gopher.count(wanted))
    if dry_run:
        return say_counts(console, counts, most, "would be deleted")
    if counts:
        would = f"{plural(chosen_count(counts, most), 'job')} would be deleted"
        console.confirm(question(counts, most), yes=yes, would=would)
    counter = Counter(console, "deleted")
    try:
        done = console.call(lambda gopher: gopher.purge(wanted, limit=most, tell=counter.show))
    finally:
        counter.clear()
    say_bulk(console, done, "deleted", {})
    return 0


def chosen(given: list[str] | None, *, force: bool) -> tuple[str, ...]:
    """The states to delete. Raises Usage where none is named, or running jobs without --force."""
    named = words(given)
    if not named:
        raise Usage("gopher purge needs --state", "for example: gopher purge --state completed --dry-run")
    if "all" in named:
        return tuple(state for state in STATES if force or state != "processing")
    found = states(given)
    if "processing" in found and not force:
        raise Usage("a running job is not purged", "gopher cancel ID, or add --force")
    return found


def chosen_count(counts: Mapping[tuple[str, str], int], limit: int) -> int:
    return min(limit or sum(counts.values()), sum(counts.values()))


def question(counts: Mapping[tuple[str, str], int], limit: int) -> str:
    """What will be deleted, in one sentence."""
    parts = ", ".join(f"{count} {state} in {queue}" for (queue, state), count in sorted(counts.items())[:6])
    more = ", ..." if len(counts) > 6 else ""
    return safe(f"Delete {plural(chosen_count(counts, limit), 'job')} for good ({parts}{more})?")
