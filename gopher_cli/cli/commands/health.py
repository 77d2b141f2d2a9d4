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
        report = console.call(lambda gopher: _look(gopher, accept_eviction=accepts))
    except GopherError as error:
        if console.format not in ("json", "ndjson"):
            raise
        console.json({"status": "error", "redis": str(error), "exit_code": error.exit_code})
        return error.exit_code
    if console.format in ("json", "ndjson"):
        console.json(report, lines=console.format == "ndjson")
    elif console.format == "csv":
        write_pairs(console, flattened(report))
    elif not console.quiet:
        server, late = report["server"], report["late"]
        some = f"; {plural(late, 'expected job')} late: gopher expect ls --late" if late else ""
        word = f"degraded: {FULL};" if server["full"] else "ok:"
        console.print(
            f"{word} {server['name']} {server['version']} answers "
            f"in {took(server['round_trip_seconds'])}, {plural(report['workers'], 'worker')} alive, "
            f"{number(report['backlog'])} waiting{some}"
        )
    return MemoryFull.exit_code if report["server"]["full"] else 0


async def _look(gopher: Verbs, *, accept_eviction: bool) -> dict[str, Any]:
    from dataclasses import asdict

    await gopher.check(accept_eviction=accept_eviction, everywhere=True)
    stats, late = await gopher.stats(), await _late(gopher)
    status, redis = ("degraded", "full") if stats.server.full else ("ok", "connected")
    return {
        "status": status, "redis": redis, "server": asdict(stats.server), "backlog": stats.backlog,
        "oldest_age_seconds": stats.oldest_age_seconds,
        "workers": sum(worker.alive for worker in stats.workers),
        "late": late,
    }  # fmt: skip


async def _late(gopher: Verbs) -> int:
    """How much is late of what is expected; 0 where the server of an API does not know of that yet."""
    from gopher_cli.model.schedule.expect import LATE

    try:
        return sum(expect.state == LATE for expect in await gopher.expects())
    except GopherError:
        return 0
