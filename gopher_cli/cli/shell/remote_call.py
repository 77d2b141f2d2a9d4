"""Commands through the API of a server far away: `--api`, or GOPHER_API_URL."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from gopher_cli import build
from gopher_cli.connect import defaults_of
from gopher_cli.remote.http import Wire
from gopher_cli.remote.remote_gopher import RemoteGopher

if TYPE_CHECKING:
    from gopher_cli.config import Settings
    from gopher_cli.verbs.protocol import Verbs

T = TypeVar("T")


def call_remotely(settings: Settings, verb: Callable[[Verbs], Coroutine[Any, Any, T]], *, waits: bool) -> T:
    """Run one piece of work with a RemoteGopher, which has the verbs that commands call."""
    wire = wire_of(settings)
    far = RemoteGopher(wire, defaults_of(settings))
    try:
        if not waits:
            return build.stepped(verb(far))
        import asyncio

        async def work() -> T:
            return await verb(far)

        return asyncio.run(work())
    finally:
        wire.close()


def wire_of(settings: Settings) -> Wire:
    """The way to the API, by a proxy where the environment names one. Raises BadConfig."""
    proxy = None
    if any(name.lower().endswith("_proxy") for name in os.environ):
        from gopher_cli.remote.http_proxy import proxy_of

        proxy = proxy_of(settings.api_url, os.environ)
    return Wire(settings.api_url, settings.api_key, proxy)


def warn_of_the_key(settings: Settings, warn: Callable[[str], None]) -> None:
    """Of one that others can read."""
    if not settings.api_key:
        return
    if settings.origins.get("api_key") == "flag":
        warn("a key on the command line can be read by everybody on this machine: use GOPHER_API_KEY")
    wire = wire_of(settings)
    if not wire.is_private:
        warn(f"{wire.url} is not encrypted: the key can be read on the way; use https")
