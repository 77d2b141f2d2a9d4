"""A server looks now and then whether the data is still its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from gopher_cli import __version__
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError, Outdated
from gopher_cli.web.problems import soon

_log = logging.getLogger("gopher.web")


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
