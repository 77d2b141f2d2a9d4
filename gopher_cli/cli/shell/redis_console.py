"""RedisConsole: for commands that no API can do, since they run jobs, serve, or repair Redis itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gopher_cli.cli.shell.console import Console, key_without_api
from gopher_cli.model.errors import Usage

if TYPE_CHECKING:
    from gopher_cli.config import Settings
    from gopher_cli.verbs.protocol import RedisVerbs

T = TypeVar("T")


class RedisConsole(Console):
    """A command that takes one has all the verbs, and works on a Redis that is named, also where an API is
    named for the other commands."""

    @classmethod
    def open(cls, **options: Any) -> Self:
        """Raises Usage for an API without a Redis."""
        from gopher_cli.config import Settings

        console = super().open(**options)
        settings = Settings.resolve(os.environ, **console.flags)
        if console.flags["api_url"] or (settings.api_url and not settings.redis_url):
            raise Usage(
                "this command needs Redis itself, and cannot work through an API",
                "run it where Redis can be reached, with REDIS_URL and without --api (GOPHER_API_URL)",
            )
        if console.flags["api_key"]:
            raise key_without_api()
        return console

    def works_remotely(self, settings: Settings) -> bool:
        return False

    def call(self, verb: Callable[[RedisVerbs], Coroutine[Any, Any, T]], *, waits: bool = False) -> T:
        return self._beside_redis(verb, waits=waits)
