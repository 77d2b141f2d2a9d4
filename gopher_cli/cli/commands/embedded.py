"""gopher embedded status, start, stop: the server that gopher brings along."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gopher_cli.cli.render.styles import size, span
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import Entry
from gopher_cli.cli.shell.redis_console import RedisConsole
from gopher_cli.cli.terminal.tables import write_answer, write_pairs

EMBEDDED = {
    "status": Entry("embedded:status", "is it running, and where", "Commands"),
    "start": Entry("embedded:start", "start it; every command does so by itself", "Commands"),
    "stop": Entry("embedded:stop", "stop it, with everything on disk", "Commands"),
}


@command
def status(console: RedisConsole) -> int:
    """Look, and change nothing. Exit code 3 when it is not running."""
    from gopher_cli.embedded import server

    status = server.status(console.settings().home, _name(console))
    _tell(console, status)
    return 0 if status.running else 3


@command
def start(console: RedisConsole) -> None:
    """Start it, if it is not running."""
    from gopher_cli.embedded import server

    _tell(console, server.start(console.settings().home, _name(console)))


@command
def stop(console: RedisConsole) -> None:
    """Stop it. What was accepted is on disk, and comes back with the next command."""
    from gopher_cli.embedded import server

    stopped = server.stop(console.settings().home, _name(console))
    write_answer(console, {"stopped": stopped}, ["stopped" if stopped else "it was not running"])


def _name(console: Console) -> str:
    """Which of them: that of an embedded:// URL, else the default one."""
    address = console.settings().address()
    return address.path if address and address.kind == "embedded" else "default"


def _tell(console: Console, status: Any) -> None:
    if console.format in ("json", "ndjson"):
        record = {name: str(v) if name in ("data", "log") else v for name, v in asdict(status).items()}
        console.json(record)
        return
    if console.quiet:
        return
    facts = {"running": "yes" if status.running else "no"}
    if status.running:
        facts |= {
            "version": status.version, "pid": str(status.pid), "up": span(status.uptime),
            "memory": size(status.memory),
        }  # fmt: skip
    facts |= {
        "socket": status.socket,
        "data": str(status.data),
        "on disk": size(status.aof_bytes),
        "log": str(status.log),
    }
    if console.format != "table":
        write_pairs(console, facts.items())
        return
    for name, value in facts.items():
        console.print(f"{name:<9}{value}")
