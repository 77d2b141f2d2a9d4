"""What a server does beside answering: is the data still its own, and how do the queues stand?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from gopher_cli.build import REVIVED, is_embedded, revive
from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, GopherError, Outdated
from gopher_cli.version import __version__
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import Services
from gopher_cli.web.services.ticks import Ticks

_REVIVE = 2.0  # seconds between two looks whether the built-in server lives
_NOTE = 15.0  # seconds between two looks at the queues; a minute is noted once
_log = logging.getLogger("gopher.web")


async def look_after(services: Services, seconds: float, leave: Callable[[int], None]) -> None:
    """All of it, until it is cancelled."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stay_while_ours(services.gopher, seconds, leave))
        tasks.create_task(note_queues(services.gopher))
        tasks.create_task(Ticks(services.gopher).run())
        tasks.create_task(services.traffic.feel_lag())
        if is_embedded(services.settings):
            tasks.create_task(keep_alive(services.settings))


async def keep_alive(settings: Settings) -> None:
    """The built-in server, when it dies, has nobody else to start it. What is in its way is said once."""
    reason = ""
    while True:
        try:
            if await revive(settings):
                reason = ""
                _log.warning(REVIVED)
        except GopherError as error:
            if reason != str(error):
                reason = str(error)
                _log.error("%s; %s", error, error.hint)
        except Exception:  # no fault here may end the rest of the upkeep
            _log.exception("the built-in server could not be looked at")
        await asyncio.sleep(_REVIVE)


async def note_queues(gopher: Gopher) -> None:
    """So that charts have a past as long as anything of gopher runs. One broken queue hides no other."""
    while True:
        try:
            for queue in await soon(gopher.queues()):
                with suppress(BadData):
                    await soon(gopher.sample(queue))
        except GopherError:
            pass  # there is nothing to be noted while Redis is away
        except Exception:  # charts are not worth the rest of the upkeep
            _log.exception("the queues could not be looked at")
        await asyncio.sleep(_NOTE)


async def stay_while_ours(gopher: Gopher, seconds: float, leave: Callable[[int], None]) -> None:
    """Look every so many seconds; ``leave`` hears the exit code when a newer gopher has taken the data."""
    noted = ""
    while True:
        try:
            schema = (await soon(gopher.stand((), {}))).schema
            if schema.is_news and noted != str(schema):
                noted = str(schema)
                _log.info("the data is a little newer (schema %s) than this gopher %s", schema, __version__)
        except Outdated as error:
            _log.error("%s; %s", error, error.hint)
            leave(error.exit_code)
            return
        except GopherError:
            pass  # the routes say so, each time
        await asyncio.sleep(seconds)
