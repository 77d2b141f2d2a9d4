"""What the fleet must know of a worker stays known, and a worker leaves data that is not its own any more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gopher_cli import __version__
from gopher_cli.build import REVIVED, is_embedded, revive
from gopher_cli.model.errors import Outdated
from gopher_cli.worker.logs import say

if TYPE_CHECKING:
    from gopher_cli.worker.supervisor import Supervisor


REVIVE = 2.0  # seconds between two looks whether the built-in server lives


class Upkeep:
    """Someone may delete what a worker has said of itself; someone may upgrade the data while it works."""

    def __init__(self, worker: Supervisor) -> None:
        self._worker = worker
        self._newest = ""
        self.revives = is_embedded(worker.settings)

    async def revive(self) -> None:
        """Where the built-in server has died, nobody else is there to start it."""
        if await revive(self._worker.settings):
            say(REVIVED, logging.WARNING)

    async def stand(self) -> None:
        """Look, and mend what can be mended. The worker stops when the data is not its own any more."""
        worker = self._worker
        first = worker.runners[0] if worker.runners else None
        types, wishes = (first.types, first.wishes) if first else ({}, {})
        try:
            found = await worker.gopher.stand(worker.queues, types, wishes)
            if types and not worker.published:  # memory was full
                await worker.gopher.publish_types(types, wishes)
                worker.published = True
        except Outdated as error:
            self._leave(error)
            return
        if found.missing_queues or found.missing_types:
            gone = ",".join(found.missing_queues + found.missing_types)
            say("the fleet had forgotten what this worker serves: told again", logging.WARNING, gone=gone)
        if found.schema.is_news and str(found.schema) != self._newest:
            self._newest = str(found.schema)
            say(
                f"the data is a little newer (schema {found.schema}, by gopher {found.schema.gopher or '?'}) "
                f"than this gopher {__version__}: what it does not know it leaves alone",
            )

    def _leave(self, error: Outdated) -> None:
        if not self._worker.stopping.is_set():
            say(str(error), logging.ERROR, hint=error.hint)
            self._worker.exit_code = error.exit_code
            self._worker.stop(self._worker.options.grace)
