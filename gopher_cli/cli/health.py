"""gopher health: for probes, and for a first look when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gopher_cli.cli.command import command
from gopher_cli.cli.console import Console
from gopher_cli.cli.words import number, plural, took
from gopher_cli.model.errors import GopherError

if TYPE_CHECKING:
    from gopher_cli.gopher import Gopher


@command
def health(console: Console) -> int:
    """Exit with 0 when Redis answers and can be used, with 69 when it does not. -q says nothing.

    gopher health -q && echo fine
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
        console.json(found)
    elif not console.quiet:
        server = found["server"]
        console.print(
            f"ok: {server['name']} {server['version']} answers in {took(server['round_trip_seconds'])}, "
            f"{plural(found['workers'], 'worker')} alive, {number(found['backlog'])} waiting"
        )
    return 0


async def _look(gopher: Gopher, *, accept_eviction: bool) -> dict[str, Any]:
    from dataclasses import asdict

    await gopher.check(accept_eviction=accept_eviction, everywhere=True)
    found = await gopher.stats()
    return {
        "status": "ok", "redis": "connected", "server": asdict(found.server), "backlog": found.backlog,
        "oldest_age_seconds": found.oldest_age_seconds, "workers": sum(one.alive for one in found.workers),
    }  # fmt: skip
