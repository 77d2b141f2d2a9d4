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

    async def missing(self, queue: str, parent: str) -> str:
        """What to say of a job that cannot wait for this one, which its queue does not have."""
        names = await self.store.ask(ask.queues(self.namespace))
        (elsewhere,) = await self.store.ask(ask.holders([self.keys(name) for name in names], [parent]))
        if elsewhere:
            return f"{parent} is in queue {elsewhere[0]}; a job can wait only for jobs of its own queue"
        return f"it waits for {parent}, and queue {queue} has no such job"
