"""Completion at dynamic positions: ``gopher __complete queues|types|ids|states PREFIX``.

It runs at each TAB, so it loads no parser, waits 150 ms at most, and says nothing when it fails.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gopher_cli.config import Settings
    from gopher_cli.gopher import Gopher

_PATIENCE = 0.15
_MOST = 50


def complete(args: Sequence[str]) -> int:
    """Print what could stand there, one a line. Always 0."""
    kind, prefix = (*args, "", "")[:2]
    try:
        for word in _found(kind):
            if word.startswith(prefix) and word.isprintable():
                print(word)
    except Exception:
        return 0
    return 0


def _found(kind: str) -> list[str]:
    from gopher_cli import build
    from gopher_cli.config import Settings

    settings = Settings.resolve(os.environ)
    address = settings.address()
    if (address is None or address.kind == "embedded") and not _runs(settings):
        return []  # TAB must not start a server
    return build.run_once(replace(settings, redis_timeout=_PATIENCE), lambda gopher: _ask(gopher, kind))


def _runs(settings: Settings) -> bool:
    from gopher_cli import embedded

    return embedded.status(settings.home).running


async def _ask(gopher: Gopher, kind: str) -> list[str]:
    if kind == "queues":
        return await gopher.queues()
    if kind == "types":
        return list(await gopher.types())
    if kind == "ids":
        from gopher_cli.model.filtering import Filter

        return ["@last", *(row.id for row in await gopher.jobs(Filter(), limit=_MOST))]
    return []
