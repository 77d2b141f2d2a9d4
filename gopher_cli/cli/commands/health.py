"""gopher health: for probes, and for a first look when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gopher_cli.cli.render.styles import number, plural, took
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.terminal.tables import flattened, write_pairs
from gopher_cli.model.errors import GopherError, MemoryFull

if TYPE_CHECKING:
    from gopher_cli.verbs.protocol import Verbs

FULL = "memory is full, submits are refused"


@command
def health(console: Console) -> int:
    """Exit with 0 when Redis answers and can be used, with 69 when it does not. -q says nothing.

      gopher health -q && echo fine

    75: it answers, and its memory is full: jobs are worked off, and submits are refused. An expected job that
    is late is told, and changes no exit code: gopher doctor has one for that.
    """
    try:
        accepts = console.settings().accepts_eviction
        found = console.call(lambda gopher: _look(gopher, accept_eviction=accepts))
    except GopherError as error:
        if console.format not in ("json", "ndjson"):
            raise
        console.json({"status": "error", "redis": str(error), "exit_code": error.exit_code})
        return error.exit_code
    if console.format in ("json", "ndjson"):
        console.json(found, lines=console.format == "ndjson")
    elif console.format == "csv":
        write_pairs(console, flattened(found))
    elif not console.quiet:
        server, late = found["server"], found["late"]
        some = f"; {plural(late, 'expected job')} late: gopher expect ls --late" if late else ""
        word = f"degraded: {FULL};" if server["full"] else "ok:"
        console.print(
            f"{word} {server['name']} {server['version']} answers "
            f"in {took(server['round_trip_seconds'])}, {plural(found['workers'], 'worker')} alive, "
            f"{number(found['backlog'])} waiting{some}"
        )
    return MemoryFull.exit_code if found["server"]["full"] else 0


async def _look(gopher: Verbs, *, accept_eviction: bool) -> dict[str, Any]:
    from dataclasses import asdict

    await gopher.check(accept_eviction=accept_eviction, everywhere=True)
    found, late = await gopher.stats(), await _late(gopher)
    status, redis = ("degraded", "full") if found.server.full else ("ok", "connected")
    return {
        "status": status, "redis": redis, "server": asdict(found.server), "backlog": found.backlog,
        "oldest_age_seconds": found.oldest_age_seconds, "workers": sum(one.alive for one in found.workers),
        "late": late,
    }  # fmt: skip


async def _late(gopher: Verbs) -> int:
    """How much is late of what is expected; 0 where the server of an API does not know of that yet."""
    from gopher_cli.model.schedule.expect import LATE

    try:
        return sum(one.state == LATE for one in await gopher.expects())
    except GopherError:
        return 0
