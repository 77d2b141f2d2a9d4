"""Completion at dynamic positions: ``gopher __complete KIND PREFIX [WORD...]``, of queues, types, ids ...

The words are those before, as far as the command line has been typed: they may say where to ask. It runs at
each TAB, so it loads no parser, ends soon whatever the server does, and says nothing when it fails.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gopher_cli.config import Settings
    from gopher_cli.verbs.protocol import Verbs

_PATIENCE = 0.15  # seconds for each answer of Redis
_LONGEST = 1.0  # for all of it
_MOST = 50
_WHERE = {"--api": "api_url", "--redis-url": "redis_url", "--key": "api_key", "--profile": "profile"}


def complete(args: Sequence[str]) -> int:
    """Print what could stand there, one a line. Always 0."""
    kind, prefix = (*args, "", "")[:2]
    signal.signal(signal.SIGALRM, _too_late)
    signal.setitimer(signal.ITIMER_REAL, _LONGEST)
    try:
        for word in _names(kind, prefix, args[2:]):
            if word.startswith(prefix) and word.isprintable():
                print(word)
    except Exception:
        return 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return 0


def _too_late(*_: Any) -> None:
    raise TimeoutError


def _names(kind: str, prefix: str, line: Sequence[str]) -> list[str]:
    if kind == "zones":
        from gopher_cli.model.schedule.zone import zone_names

        return sorted(zone_names())
    from gopher_cli import build
    from gopher_cli.config import Settings

    flags = _flags(line)
    settings = Settings.resolve(os.environ, **flags)
    if settings.api_url and not flags.get("redis_url"):
        return _far(settings, kind, prefix)
    address = settings.address()
    if (address is None or address.kind == "embedded") and not _runs(settings):
        return []  # TAB must not start a server
    quick = replace(settings, redis_timeout=_PATIENCE)
    return build.run_once(quick, lambda gopher: _ask(gopher, kind, prefix))


def _flags(line: Sequence[str]) -> dict[str, Any]:
    """What the words before say about where to ask, as the settings call it."""
    flags = {}
    for word, behind in pairwise([*line, ""]):
        name, equals, value = word.partition("=")
        if name in _WHERE:
            flags[_WHERE[name]] = value if equals else behind
    return {name: value for name, value in flags.items() if value}


def _far(settings: Settings, kind: str, prefix: str) -> list[str]:
    from gopher_cli import build
    from gopher_cli.cli.shell.remote_call import wire_of
    from gopher_cli.connect import defaults_of
    from gopher_cli.remote.remote_gopher import RemoteGopher

    far = RemoteGopher(wire_of(settings), defaults_of(settings))
    return build.stepped(_ask(far, kind, prefix))


def _runs(settings: Settings) -> bool:
    from gopher_cli.embedded import server

    return server.status(settings.home).running


async def _ask(gopher: Verbs, kind: str, prefix: str) -> list[str]:
    if kind == "queues":
        return await gopher.queues()
    if kind == "types":
        return list(await gopher.types())
    if kind == "expects":
        return sorted({expect.name for expect in await gopher.expects()})
    if kind == "schedules":
        return list(dict.fromkeys(row.name for row in await gopher.schedules()))
    if kind == "ids":
        from gopher_cli.model.select.filter import Filter

        newest = ["@last", *(row.id for row in await gopher.jobs(Filter(), limit=_MOST))]
        if not prefix or any(id.startswith(prefix) for id in newest):
            return newest
        return [row.id for row in await gopher.jobs(Filter(id_part=prefix), limit=_MOST)]
    return []
