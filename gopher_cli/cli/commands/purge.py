"""gopher purge: delete jobs for good. It counts first, and asks."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Annotated

from gopher_cli.cli.input.filters import filter_of, states, whole, words
from gopher_cli.cli.render.bulk import ask, carried_out, say_bulk
from gopher_cli.cli.render.counts import count_jobs, say_counts, some_of
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.model.errors import Usage
from gopher_cli.model.select.actions import DELETE
from gopher_cli.model.text.safe import safe

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
    *,
    which: o.Chosen,
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
    within = chosen(state, which["group"], force=force)
    filter = filter_of(which, None if "all" in words(state) else state, within=within, of="purge")
    most = whole("--limit", limit, least=1)
    counts = count_jobs(console, filter)
    if dry_run:
        return say_counts(console, counts, most, "would be deleted")
    if counts:
        would = f"{some_of(counts, most)} would be deleted"
        ask(console, filter, counts, most, "Delete", of=f" for good ({parts(counts)})", yes=yes, would=would)
    done = carried_out(console, DELETE, lambda gopher, tell: gopher.purge(filter, limit=most, tell=tell))
    say_bulk(console, DELETE, done)
    return 0


def chosen(given: list[str] | None, group: str | None, *, force: bool) -> tuple[str, ...]:
    """The states to delete. Raises Usage where none is named, or running jobs without --force."""
    from gopher_cli.model.job.job import JobState

    named = words(given)
    if not named:
        such = f"failed --group {shlex.quote(group)}" if group else "completed"
        raise Usage("gopher purge needs --state", f"for example: gopher purge --state {such} --dry-run")
    if "all" in named:
        return tuple(state for state in JobState if force or state != "processing")
    chosen_states = states(given)
    if "processing" in chosen_states and not force:
        raise Usage("a running job is not purged", "gopher cancel ID, or add --force")
    return chosen_states


def parts(counts: Mapping[tuple[str, str], int]) -> str:
    """Of which queues and states they are, on one line."""
    shown = ", ".join(f"{count} {state} in {queue}" for (queue, state), count in sorted(counts.items())[:6])
    return safe(f"{shown}, ..." if len(counts) > 6 else shown)
