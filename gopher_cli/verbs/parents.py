"""Parents: the jobs that others wait for, by `after`."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.store import ask
from gopher_cli.verbs.base import Base


class Parents(Base):
    async def unknown(self, queue: str, ids: Sequence[str]) -> list[str]:
        """Those of these jobs that a queue does not have."""
        found = await self.store.ask(ask.known(self.keys(queue), ids))
        return [id for id in ids if id not in found]

    async def elsewhere(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """The queues that have each of these jobs."""
        names = await self.store.ask(ask.queues(self.namespace))
        found = await self.store.ask(ask.holders([self.keys(name) for name in names], ids))
        return dict(zip(ids, found, strict=True))


def missing(queue: str, parent: str, elsewhere: Sequence[str]) -> str:
    """Why no job of this queue can wait for that one, which other queues may have."""
    if elsewhere:
        return f"it waits for {parent} of queue {elsewhere[0]}; a job can wait only for jobs of its own queue"
    return f"it waits for {parent}, and queue {queue} has no such job"
