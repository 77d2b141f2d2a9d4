"""gopher cancel: stop jobs, waiting or running."""

from __future__ import annotations

from gopher_cli.cli.render.results import act_on_each, told
from gopher_cli.cli.shell import common_options as o
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.model.select.actions import CANCEL


@command
def cancel(console: Console, ids: o.Ids, queue: o.OfQueue = None) -> int:
    """Stop jobs. One that waits will never run; one that runs is told to stop within seconds.

    gopher cancel @last
    gopher jobs ls -q --state scheduled --type report | xargs -r gopher cancel
    """
    done = console.call(lambda gopher: act_on_each(console, gopher, ids, queue, CANCEL, gopher.cancel))
    return told(console, done)
