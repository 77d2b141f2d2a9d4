"""gopher jobs last: the newest job of a type, and its last success."""

from __future__ import annotations

import time
from typing import Annotated

from gopher_cli.cli.input.filters import check_said
from gopher_cli.cli.render.styles import ago, short_id, style_of, when
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import Column, Listing
from gopher_cli.model.errors import Usage

Type = Annotated[str | None, o.option("--type", "-t", metavar="TYPE", help="jobs of this type")]
Queue = Annotated[str | None, o.option("--queue", "-Q", metavar="QUEUE", help="only this queue")]


@command
def last(console: Console, type: Type = None, queue: Queue = None) -> None:
    """Show the newest job of a type, and when one succeeded last. Exit with 3 where nothing is known of it.

      gopher jobs last -t report
      gopher jobs last -t report -o json | jq -r .last_success_at

    A last success is known as long as its job is kept, and for good where it is expected (gopher expect).
    """
    if type is None:
        raise Usage("gopher jobs last needs --type", "such as: gopher jobs last -t report")
    check_said(queue=queue)
    from gopher_cli.verbs.last_of_type import last_of_type

    job = console.call(lambda gopher: last_of_type(gopher, type, queue or ""))
    if console.format in ("json", "ndjson"):
        console.json(job, lines=console.format == "ndjson")
    elif console.format == "id":
        console.ids([job.job.id] if job.job else [])
    else:
        columns = columns_at(int(time.time() * 1000))
        console.rows(Listing(rows=[job], columns=columns, extra=EXTRA, id=lambda f: f.type))


def columns_at(now: int) -> list[Column]:
    """The newest job, and the last success; times count from ``now`` (epoch ms)."""
    return [
        Column(name="type", show=lambda f: f.type, keep=8, most=32, least=12),
        Column(name="id", field="job_id", show=lambda f: short_id(f.job.id) if f.job else "-",
               raw=lambda f: f.job.id if f.job else None, keep=9),
        Column(name="queue", show=lambda f: f.job.queue if f.job else "-", keep=5, most=24, least=8),
        Column(name="state", field="status", show=lambda f: f.job.state if f.job else "-",
               style=lambda f: style_of(f.job.state), keep=10),
        Column(name="since", show=lambda f: ago(f.job.at, now) if f.job else "-",
               raw=lambda f: when(f.job.at) if f.job else None, keep=7),
        Column(name="last success", field="last_success_at",
               show=lambda f: ago(f.last_success, now) if f.last_success else "never",
               raw=lambda f: when(f.last_success), keep=11,
               style=lambda f: "green" if f.last_success else "red"),
    ]  # fmt: skip


EXTRA = (Column(name="last success id", show=lambda f: f.success.id if f.success else ""),)
