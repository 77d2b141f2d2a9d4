"""gopher list-failed --groups: the dead letter queue by error."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gopher_cli.cli.render.limited_list import write_some
from gopher_cli.cli.render.styles import ago, when
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import Column, Listing

if TYPE_CHECKING:
    from gopher_cli.model.select.filter import Filter


def show(console: Console, filter: Filter, limit: int) -> None:
    """The largest groups first; ``limit`` of them, 0 for all."""
    groups = console.call(lambda gopher: gopher.failure_groups(filter))
    listing = Listing(
        rows=groups.groups, columns=columns(int(time.time() * 1000)),
        id=lambda group: group.group, empty="no failed jobs",
    )  # fmt: skip
    write_some(console, listing, limit, "group", more=not groups.whole)
    if not groups.whole:
        console.note(f"only the {groups.seen} newest jobs were looked at: older ones are not counted")
    if groups.groups:
        console.say(f"the jobs of a group: gopher list-failed --group {groups.groups[0].group}")


def columns(now: int) -> list[Column]:
    """What a group shows; times count from ``now`` (epoch ms)."""
    return [
        Column(name="group", show=lambda g: g.group, keep=12),
        Column(name="jobs", show=lambda g: str(g.count), raw=lambda g: g.count, right=True, keep=11),
        Column(name="first", show=lambda g: ago(g.first_ms, now), raw=lambda g: when(g.first_ms), keep=7),
        Column(name="last", show=lambda g: ago(g.last_ms, now), raw=lambda g: when(g.last_ms), keep=7),
        Column(name="types", show=lambda g: _counts(g.types), keep=8, most=32, least=12),
        Column(name="queues", show=lambda g: _counts(g.queues), keep=4, most=24, least=10),
        Column(name="error", show=lambda g: g.error, style=lambda g: "red", keep=20, most=100, least=16),
    ]


def _counts(counts: Mapping[str, int]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{name} {count}" for name, count in counts.items())
