"""`gopher demo`: see it all at work, on real jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.common_options import option
from gopher_cli.cli.shell.console import Console

Directory = Annotated[
    str, option("--dir", "-d", metavar="DIR", help="work in this directory (./gopher-demo)")
]
Keep = Annotated[bool, option("--keep", help="leave the embedded server up at the end")]
Clean = Annotated[bool, option("--clean", help="take away at the end all that the demo has made")]


@command
def demo(console: Console, dir: Directory = "gopher-demo", keep: Keep = False, clean: Clean = False) -> None:
    """Real jobs, a crash and a repair, in less than a minute.

      gopher demo

    It starts a server and a worker of its own in a directory of its own, and touches nothing
    else. A second run begins anew.
    """
    if keep and clean:
        from gopher_cli.model.errors import Usage

        raise Usage("--keep and --clean contradict each other", "see: gopher demo --help")
    import asyncio
    import os
    import signal

    from gopher_cli.demo.screen import Screen
    from gopher_cli.demo.walkthrough import Play
    from gopher_cli.demo.workspace import taken

    # SIGTERM ends it as Ctrl-C does: with the worker and the server stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with taken(Path(dir)) as place:
        play = Play(place, Screen(console.color), os.environ)
        asyncio.run(play.run(keep=keep))
        if clean:
            place.remove()
        else:
            play.farewell(keep=keep)
